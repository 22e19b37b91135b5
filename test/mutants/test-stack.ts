import { readLocalConfig } from '../../infra/local/config.ts';
import { startStack } from '../../infra/local/start-stack.ts';
import { type StackAddresses, stackAddresses } from '../harness/config.ts';

export type TestStack = { readonly addresses: StackAddresses } & AsyncDisposable;

/** The servers that the environment names or that `pnpm stack` runs, else some of our own, ended with the scope. */
export async function testStack(root: string, say: (line: string) => void): Promise<TestStack> {
  const running = await stackAddresses().catch(() => undefined);
  if (running !== undefined) return { addresses: running, [Symbol.asyncDispose]: async () => {} };
  const { kafka, postgres, close } = await startStack({ root, say, durable: false, ...readLocalConfig() });
  return {
    addresses: { kafkaBrokers: kafka.brokers, databaseUrl: postgres.url },
    [Symbol.asyncDispose]: close,
  };
}
