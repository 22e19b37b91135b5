import { readFile } from 'node:fs/promises';
import { type KafkaConnection, kafkaFromEnvironment } from '@bursar/emitter';

const RUNNING = new URL('../../.bursar/running.json', import.meta.url);
const ADVICE =
  'Run `pnpm start` in another terminal, or set KAFKA_BROKERS, ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY yourself.';

export type ExampleConfig = { readonly kafka: KafkaConnection; readonly baseURL: string; readonly apiKey: string };

/** Something that a person has to do first; its message says what. */
export class NothingRunningError extends Error {
  override readonly name = 'NothingRunningError';
}

/**
 * Where Kafka and Anthropic are: from the environment, else from what `pnpm start` wrote down.
 * A key from the environment is used only with an address from the environment, so that none goes where it doesn't belong.
 */
export async function readConfig(env: NodeJS.ProcessEnv = process.env): Promise<ExampleConfig> {
  const running = await readRunning();
  const brokers = env['KAFKA_BROKERS'] ?? running.kafkaBrokers;
  if (!brokers) throw new NothingRunningError(`There is no Kafka. ${ADVICE}`);
  const kafka = kafkaFromEnvironment({ ...env, KAFKA_BROKERS: brokers });
  const { baseURL, apiKey } = env['ANTHROPIC_BASE_URL'] ? fromEnvironment(env) : await fromRunning(running);
  return { kafka, baseURL, apiKey };
}

type Running = { kafkaBrokers?: string; emulatorUrl?: string; exampleKeyFile?: string };

async function readRunning(): Promise<Running> {
  try {
    return JSON.parse(await readFile(RUNNING, 'utf8')) as Running;
  } catch {
    return {};
  }
}

function fromEnvironment(env: NodeJS.ProcessEnv): { baseURL: string; apiKey: string } {
  const apiKey = env['ANTHROPIC_API_KEY'];
  if (!apiKey) throw new NothingRunningError('ANTHROPIC_BASE_URL is set: set ANTHROPIC_API_KEY too.');
  return { baseURL: env['ANTHROPIC_BASE_URL']!, apiKey };
}

async function fromRunning({ emulatorUrl, exampleKeyFile }: Running): Promise<{ baseURL: string; apiKey: string }> {
  if (!emulatorUrl || !exampleKeyFile) throw new NothingRunningError(`There is no Anthropic to ask. ${ADVICE}`);
  return { baseURL: emulatorUrl, apiKey: (await readFile(exampleKeyFile, 'utf8')).trim() };
}
