import { z } from 'zod';
import type { OptionSpecs } from './config.ts';
import { boolean, list, text } from './option-parsers.ts';

const mechanism = z.preprocess(
  (raw) => (typeof raw === 'string' ? raw.trim().toLowerCase() : raw),
  z
    .enum(['plain', 'scram-sha-256', 'scram-sha-512'], { error: 'must be plain, scram-sha-256 or scram-sha-512' })
    .optional(),
);

/** The way to Kafka; every service that talks to Kafka spreads it into its options. `@bursar/bus/kafka-connection` checks it as a whole. */
export const kafkaOptions = {
  kafkaBrokers: { schema: list, env: 'KAFKA_BROKERS', describe: 'Kafka brokers, as host:port, comma-separated.' },
  kafkaTls: {
    schema: boolean,
    env: 'KAFKA_TLS',
    default: 'false',
    describe: 'Speak TLS to the brokers and check their certificates.',
  },
  kafkaCaFile: {
    schema: text.optional(),
    env: 'KAFKA_CA_FILE',
    describe: "PEM file with the authority that signed the brokers' certificates. Default: those that Node trusts.",
  },
  kafkaCertFile: {
    schema: text.optional(),
    env: 'KAFKA_CERT_FILE',
    describe: 'PEM file with the certificate to show to the brokers (mutual TLS).',
  },
  kafkaKeyFile: {
    schema: text.optional(),
    env: 'KAFKA_KEY_FILE',
    describe: 'PEM file with the key of that certificate.',
  },
  kafkaSaslMechanism: {
    schema: mechanism,
    env: 'KAFKA_SASL_MECHANISM',
    describe: 'How to log in: plain, scram-sha-256 or scram-sha-512. Without it there is no login.',
  },
  kafkaUsername: {
    schema: text.optional(),
    env: 'KAFKA_USERNAME',
    describe: 'Who logs in; the ACLs name it User:<this>.',
  },
  kafkaPassword: {
    schema: z.string().min(1).optional(),
    env: 'KAFKA_PASSWORD',
    secret: true,
    file: true,
    describe: 'The password of that user.',
  },
} as const satisfies OptionSpecs;
