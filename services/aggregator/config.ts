import { defineOptions, integer, milliseconds, text } from '@bursar/runtime/config';
import { kafkaOptions } from '@bursar/runtime/kafka-options';

export const options = defineOptions({
  databaseUrl: {
    schema: text,
    env: 'DATABASE_URL',
    secret: true,
    file: true,
    describe: 'The Postgres that holds the ledger, as postgres://user:password@host:port/database.',
  },
  ...kafkaOptions,
  topicPrefix: {
    schema: text,
    env: 'BURSAR_TOPIC_PREFIX',
    default: 'bursar',
    describe: 'First word of the topic names; keeps installations apart on one cluster.',
  },
  lanes: {
    schema: integer,
    env: 'BURSAR_LANES',
    default: '2',
    describe: 'Partitions worked on at the same time; each uses one connection to Postgres.',
  },
  signingSecretsDir: {
    schema: text.optional(),
    env: 'BURSAR_SIGNING_SECRETS_DIR',
    describe:
      'Folder with a file per service that holds the secrets by which it signs its records; read again as it changes.',
  },
  startTimeoutMs: {
    schema: milliseconds,
    env: 'BURSAR_START_TIMEOUT',
    default: '60s',
    describe: 'How long to wait for Kafka and Postgres at start before giving up.',
  },
});
