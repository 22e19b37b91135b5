import { DEDUP_WINDOW_MS } from '@bursar/events/topics';
import { defineOptions, integer, milliseconds, text } from '@bursar/runtime/config';
import { kafkaOptions } from '@bursar/runtime/kafka-options';

/** A replayed record is recognised by its row in quarantine. */
const keptQuarantine = milliseconds.refine((keepMs) => keepMs >= DEDUP_WINDOW_MS, {
  error:
    'is shorter than the 10 days in which Kafka may give the same record again, which would then be taken for a rewritten log; set it to 10d or more',
});

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
    describe: 'Transactions under way at the same time; each uses one connection to Postgres.',
  },
  keepDecidedMs: {
    schema: keptQuarantine,
    env: 'BURSAR_KEEP_DECIDED_QUARANTINE',
    default: '90d',
    describe: 'How long to keep a quarantined record after a person sent it again or discarded it.',
  },
  keepQuarantineMs: {
    schema: keptQuarantine,
    env: 'BURSAR_KEEP_QUARANTINE',
    default: '400d',
    describe: 'How long to keep a quarantined record at most, decided or not.',
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
