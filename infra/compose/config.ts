import {
  defineOptions,
  list,
  type OptionSpecs,
  port,
  processSources,
  readOptions,
  text,
  url,
  type ValuesOf,
} from '@bursar/runtime/config';

const secretsFolder = {
  schema: text,
  env: 'EMULATOR_SECRETS_DIR',
  default: '/run/anthropic',
  describe: 'Folder for the secrets of the emulated organization.',
};

const emulatorOptions = defineOptions({
  port: { schema: port, env: 'EMULATOR_PORT', default: '4010', describe: 'Port of the emulated Anthropic.' },
  secretsFolder,
});

const demoOptions = defineOptions({
  databaseUrl: { schema: url, env: 'DATABASE_URL', secret: true, describe: 'The Postgres that holds the ledger.' },
  kafkaBrokers: { schema: list, env: 'KAFKA_BROKERS', describe: 'Kafka brokers, as host:port.' },
  anthropicBaseUrl: { schema: url, env: 'ANTHROPIC_BASE_URL', describe: 'Where the emulated Anthropic is.' },
  secretsFolder,
});

export type DemoConfig = ValuesOf<typeof demoOptions>;

export function readEmulatorConfig(): ValuesOf<typeof emulatorOptions> {
  return read(emulatorOptions);
}

export function readDemoConfig(): DemoConfig {
  return read(demoOptions);
}

function read<T extends OptionSpecs>(options: T): ValuesOf<T> {
  const reading = readOptions(options, processSources());
  if (!reading.ok) throw new Error(reading.problems.join('\n'));
  return reading.values;
}
