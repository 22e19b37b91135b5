import { defineOptions, list, port, text, url } from '@bursar/runtime/config';
import type { MainConfig } from '@bursar/runtime/main';

const secretsFolder = {
  schema: text,
  env: 'EMULATOR_SECRETS_DIR',
  default: '/run/anthropic',
  describe: 'Folder for the secrets of the emulated organization.',
};

export const emulatorOptions = defineOptions({
  port: { schema: port, env: 'EMULATOR_PORT', default: '4010', describe: 'Port of the emulated Anthropic.' },
  secretsFolder,
});

export const demoOptions = defineOptions({
  databaseUrl: { schema: url, env: 'DATABASE_URL', secret: true, describe: 'The Postgres that holds the ledger.' },
  kafkaBrokers: { schema: list, env: 'KAFKA_BROKERS', describe: 'Kafka brokers, as host:port, comma-separated.' },
  anthropicBaseUrl: { schema: url, env: 'ANTHROPIC_BASE_URL', describe: 'Where the emulated Anthropic is.' },
  secretsFolder,
});

export type DemoConfig = MainConfig<typeof demoOptions>;
