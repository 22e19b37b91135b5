import { boolean, defineOptions, milliseconds, text, url } from '@bursar/runtime/config';
import { kafkaOptions } from '@bursar/runtime/kafka-options';
import type { MainConfig } from '@bursar/runtime/main';
import { ExitError } from '@bursar/runtime/service';
import { z } from 'zod';

export const options = defineOptions({
  databaseUrl: {
    schema: url,
    env: 'DATABASE_URL',
    secret: true,
    file: true,
    describe: 'Postgres, as postgres://user:password@host:port/database.',
  },
  ...kafkaOptions,
  topicPrefix: {
    schema: text,
    env: 'BURSAR_TOPIC_PREFIX',
    default: 'bursar',
    describe: 'What the names of the topics begin with; as in every other service.',
  },
  adminKey: {
    schema: text.optional(),
    env: 'ANTHROPIC_ADMIN_KEY',
    secret: true,
    describe: 'Admin API key (sk-ant-admin01-...) or org:admin token; or ANTHROPIC_ADMIN_KEY_FILE.',
  },
  adminKeyFile: {
    schema: text.optional(),
    env: 'ANTHROPIC_ADMIN_KEY_FILE',
    describe: 'File with the admin credential. It is read again when it changes.',
  },
  adminApi: {
    schema: z.enum(['anthropic', 'emulator']),
    env: 'BURSAR_ADMIN_API',
    default: 'anthropic',
    describe: 'Whose Admin API this is: anthropic or emulator. Keys are switched by themselves only at the emulator.',
  },
  anthropicBaseUrl: {
    schema: url,
    env: 'ANTHROPIC_BASE_URL',
    default: 'https://api.anthropic.com',
    describe: 'Base URL of the Admin API.',
  },
  paused: {
    schema: boolean,
    env: 'BURSAR_PAUSED',
    default: 'false',
    describe: 'Do nothing to any key while this process runs.',
  },
  pauseFile: {
    schema: text.optional(),
    env: 'BURSAR_PAUSE_FILE',
    describe: 'Do nothing to any key while a file with this path exists.',
  },
  standingKeyFile: {
    schema: text.optional(),
    env: 'BURSAR_STANDING_KEY_FILE',
    describe:
      'Ed25519 private key (PEM) that signs what guards are told. Without it a key is made for this process alone.',
  },
  observeEveryMs: {
    schema: milliseconds.refine((ms) => ms > 0, 'must be longer than nothing'),
    env: 'BURSAR_OBSERVE_EVERY',
    default: '30s',
    describe: 'How often a key that is held off is looked at again.',
  },
  startTimeoutMs: {
    schema: milliseconds,
    env: 'BURSAR_START_TIMEOUT',
    default: '60s',
    describe: 'How long to wait at start for Postgres and the Admin API; then the process ends with code 1.',
  },
});

export type RevokerConfig = MainConfig<typeof options>;

/** Options that contradict each other. Throws ExitError with code 2. */
export function checkConfig(
  config: Pick<RevokerConfig, 'adminApi' | 'anthropicBaseUrl' | 'adminKey' | 'adminKeyFile'>,
): void {
  if (config.adminApi === 'emulator' && isAnthropic(config.anthropicBaseUrl)) {
    throw new ExitError(
      "BURSAR_ADMIN_API is emulator, but ANTHROPIC_BASE_URL is the real API; set the emulator's URL",
      2,
    );
  }
  if (config.adminKey !== undefined && config.adminKeyFile !== undefined) {
    throw new ExitError('ANTHROPIC_ADMIN_KEY and ANTHROPIC_ADMIN_KEY_FILE are both set; remove one', 2);
  }
}

function isAnthropic(baseUrl: string): boolean {
  const { hostname } = new URL(baseUrl);
  return /(^|\.)(anthropic\.com|claude\.com)\.?$/i.test(hostname);
}
