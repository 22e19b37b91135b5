import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

/** PEM texts. Without `ca` the authorities that Node trusts; `cert` and `key` go together. */
export type KafkaTls = { readonly ca?: string; readonly cert?: string; readonly key?: string };

export type KafkaLogin = {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
};

/** Where a Kafka cluster is and how to log in. */
export type KafkaConnection = {
  /** `host:port`, at least one. */
  readonly brokers: readonly string[];
  /** `true` trusts the authorities that Node trusts; PEM texts name another one, and a certificate to show (mTLS). */
  readonly ssl?: boolean | KafkaTls;
  readonly sasl?: KafkaLogin;
};

/** What an operator says about the way to Kafka, under the names that every service gives its options. */
export type KafkaOptions = {
  readonly kafkaBrokers: readonly string[];
  readonly kafkaTls: boolean;
  /** Paths of PEM files. */
  readonly kafkaCaFile?: string | undefined;
  readonly kafkaCertFile?: string | undefined;
  readonly kafkaKeyFile?: string | undefined;
  readonly kafkaSaslMechanism?: KafkaLogin['mechanism'] | undefined;
  readonly kafkaUsername?: string | undefined;
  readonly kafkaPassword?: string | undefined;
};

/** The options contradict each other, or a file can't be used. The message names the variable and no secret. */
export class KafkaOptionsError extends Error {
  override readonly name = 'KafkaOptionsError';
}

/** Options as settings for a client; reads the files. Throws KafkaOptionsError for half a configuration. */
export function kafkaConnection(options: KafkaOptions): KafkaConnection {
  const sasl = loginOf(options);
  return { brokers: options.kafkaBrokers, ssl: tlsOf(options), ...(sasl && { sasl }) };
}

function loginOf(options: KafkaOptions): KafkaLogin | undefined {
  const { kafkaSaslMechanism: mechanism, kafkaUsername: username, kafkaPassword: password } = options;
  if (mechanism !== undefined && username !== undefined && password !== undefined) {
    return { mechanism, username, password };
  }
  const parts: [name: string, value: string | undefined][] = [
    ['KAFKA_SASL_MECHANISM', mechanism],
    ['KAFKA_USERNAME', username],
    ['KAFKA_PASSWORD (or KAFKA_PASSWORD_FILE)', password],
  ];
  refuseSome(parts, 'a login needs all three');
  return undefined;
}

function tlsOf(options: KafkaOptions): boolean | KafkaTls {
  const files: [name: string, path: string | undefined][] = [
    ['KAFKA_CA_FILE', options.kafkaCaFile],
    ['KAFKA_CERT_FILE', options.kafkaCertFile],
    ['KAFKA_KEY_FILE', options.kafkaKeyFile],
  ];
  const given = files.filter(([, path]) => path !== undefined);
  if (!options.kafkaTls && given[0] !== undefined) {
    throw new KafkaOptionsError(`${given[0][0]} is set but KAFKA_TLS is not: set KAFKA_TLS=true, or remove the file`);
  }
  refuseSome(files.slice(1), 'a client certificate needs its key');
  const [ca, cert, key] = files.map(([name, path]) => (path === undefined ? undefined : readPem(name, path)));
  const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  checkPair(tls);
  return given.length === 0 ? options.kafkaTls : tls;
}

/** All or nothing. */
function refuseSome(parts: [name: string, value: string | undefined][], because: string): void {
  const set = parts.filter(([, value]) => value !== undefined).map(([name]) => name);
  const missing = parts.filter(([, value]) => value === undefined).map(([name]) => name);
  if (set.length > 0 && missing.length > 0) {
    throw new KafkaOptionsError(`${set.join(' and ')} set without ${missing.join(' and ')}: ${because}`);
  }
}

function readPem(variable: string, path: string): string {
  try {
    const pem = readFileSync(path, 'utf8');
    // Node takes an authority that it can't read for none at all.
    if (variable !== 'KAFKA_KEY_FILE') new X509Certificate(pem);
    return pem;
  } catch (error) {
    const isUnread = (error as NodeJS.ErrnoException).syscall !== undefined;
    const why = isUnread ? (error as Error).message : 'it is not a certificate in PEM form';
    throw new KafkaOptionsError(`${variable}: cannot use ${path}: ${why}`);
  }
}

function checkPair({ cert, key }: KafkaTls): void {
  if (cert === undefined || key === undefined) return;
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new KafkaOptionsError(
      `KAFKA_CERT_FILE and KAFKA_KEY_FILE are no pair that can be used: ${(error as Error).message}`,
    );
  }
}
