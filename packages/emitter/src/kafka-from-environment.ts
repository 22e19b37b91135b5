import { kafkaFromEnvironment as read } from '@bursar/bus/kafka-environment';
import { MeterOptionsError } from './emitter-identity.ts';
import type { KafkaConnection } from './meter-api.ts';

/**
 * For `createMeter({ kafka: kafkaFromEnvironment(process.env), … })`: KAFKA_BROKERS (host:port, comma-separated), KAFKA_TLS,
 * KAFKA_CA_FILE, KAFKA_CERT_FILE, KAFKA_KEY_FILE, KAFKA_SASL_MECHANISM (plain, scram-sha-256, scram-sha-512),
 * KAFKA_USERNAME, and KAFKA_PASSWORD or KAFKA_PASSWORD_FILE, as Bursar's own services read them.
 * Throws MeterOptionsError for half a configuration, in one sentence without a secret.
 */
export function kafkaFromEnvironment(environment: Readonly<Record<string, string | undefined>>): KafkaConnection {
  try {
    return read(environment);
  } catch (error) {
    throw new MeterOptionsError(`kafkaFromEnvironment: ${(error as Error).message}`);
  }
}
