import { readFileSync } from 'node:fs';
import { type KafkaConnection, type KafkaLogin, KafkaOptionsError, kafkaConnection } from './kafka-connection.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const MECHANISMS: readonly string[] = ['plain', 'scram-sha-256', 'scram-sha-512'] satisfies KafkaLogin['mechanism'][];

/**
 * The way to Kafka as Bursar's own services read it from their environment: KAFKA_BROKERS, KAFKA_TLS, KAFKA_CA_FILE,
 * KAFKA_CERT_FILE, KAFKA_KEY_FILE, KAFKA_SASL_MECHANISM, KAFKA_USERNAME, and KAFKA_PASSWORD or KAFKA_PASSWORD_FILE.
 * For processes that do not use @bursar/runtime. Throws KafkaOptionsError, in one sentence without a secret.
 */
export function kafkaFromEnvironment(environment: Environment): KafkaConnection {
  const get = (name: string) => environment[name]?.trim() || undefined;
  const kafkaBrokers = (get('KAFKA_BROKERS') ?? '').split(',').flatMap((broker) => broker.trim() || []);
  if (kafkaBrokers.length === 0)
    throw new KafkaOptionsError('KAFKA_BROKERS must name at least one broker, as host:port');
  return kafkaConnection({
    kafkaBrokers,
    kafkaTls: isOn(get('KAFKA_TLS')),
    kafkaCaFile: get('KAFKA_CA_FILE'),
    kafkaCertFile: get('KAFKA_CERT_FILE'),
    kafkaKeyFile: get('KAFKA_KEY_FILE'),
    kafkaSaslMechanism: mechanismOf(get('KAFKA_SASL_MECHANISM')),
    kafkaUsername: get('KAFKA_USERNAME'),
    kafkaPassword: passwordOf(environment['KAFKA_PASSWORD'] || undefined, get('KAFKA_PASSWORD_FILE')),
  });
}

function isOn(raw: string | undefined): boolean {
  if (raw === undefined || /^(false|no|off|0)$/i.test(raw)) return false;
  if (/^(true|yes|on|1)$/i.test(raw)) return true;
  throw new KafkaOptionsError(`KAFKA_TLS must be true or false, got ${JSON.stringify(raw)}`);
}

function mechanismOf(raw: string | undefined): KafkaLogin['mechanism'] | undefined {
  const mechanism = raw?.toLowerCase();
  if (mechanism === undefined || MECHANISMS.includes(mechanism)) {
    return mechanism as KafkaLogin['mechanism'] | undefined;
  }
  throw new KafkaOptionsError(
    `KAFKA_SASL_MECHANISM must be one of ${MECHANISMS.join(', ')}, got ${JSON.stringify(raw)}`,
  );
}

function passwordOf(password: string | undefined, file: string | undefined): string | undefined {
  if (password !== undefined && file !== undefined) {
    throw new KafkaOptionsError('KAFKA_PASSWORD and KAFKA_PASSWORD_FILE are both set; remove one');
  }
  if (file === undefined) return password;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new KafkaOptionsError(`KAFKA_PASSWORD_FILE: cannot read ${file}: ${(error as Error).message}`);
  }
}
