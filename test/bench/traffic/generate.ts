import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Order, Produced } from './order.ts';

const GENERATOR = fileURLToPath(new URL('generator.ts', import.meta.url));

/** Runs the generator to its end. Rejects when it could not send everything. */
export async function generate(order: Order): Promise<Produced> {
  const child = fork(GENERATOR, [], { serialization: 'advanced', execArgv: [] });
  let produced: Produced | undefined;
  child.once('message', (message) => {
    produced = message as Produced;
  });
  child.send(order);
  const [code] = await once(child, 'exit');
  if (produced === undefined) throw new Error(`the load generator ended with code ${code}; its last words are above`);
  return produced;
}
