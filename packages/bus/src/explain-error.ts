import type { KafkaConnection } from './kafka-connection.ts';

type Hint = readonly [pattern: RegExp, hint: (connection: KafkaConnection) => string];

const HINTS: readonly Hint[] = [
  [
    /^Closed connection/,
    ({ ssl, sasl }) => {
      const untried = [...(ssl ? [] : ['TLS (KAFKA_TLS)']), ...(sasl ? [] : ['a login (KAFKA_SASL_MECHANISM)'])];
      return untried.length === 0 ? '' : `the broker hung up; perhaps it wants ${untried.join(' or ')}`;
    },
  ],
  [
    /verify the first certificate|self-signed certificate|unable to get( local)? issuer|certificate signature failure/,
    () => "set KAFKA_CA_FILE to the authority that signed the broker's certificate",
  ],
  [
    /authentication failed/i,
    ({ sasl }) => `check mechanism (${sasl?.mechanism}), name (${sasl?.username}) and password of the login`,
  ],
  [
    /[Aa]uthoriz/,
    ({ sasl }) =>
      `no ACL allows it to ${sasl ? `User:${sasl.username}` : 'a client without a login'}; see infra/kafka/README.md`,
  ],
];

/** The same error, its message with what to do about it. kafkajs says what happened on the wire, not what was missing. */
export function explainKafkaError(error: unknown, connection: KafkaConnection, topic?: string): unknown {
  if (!(error instanceof Error) || !error.name.startsWith('KafkaJS')) return error;
  const causes = (error as { errors?: unknown }).errors;
  if (Array.isArray(causes) && causes.length > 0) {
    // "Topic creation errors", with an error for each topic.
    const explained = causes.map((cause) => explainKafkaError(cause, connection, (cause as { topic?: string }).topic));
    error.message = `${error.message}: ${[...new Set(explained.map((cause) => (cause as Error).message))].join(', ')}`;
    return error;
  }
  const hint = HINTS.find(([pattern]) => pattern.test(error.message.replace(/^Connection error: /, '')))?.[1](
    connection,
  );
  if (!hint || error.message.includes(hint)) return error;
  const where = topic !== undefined && !error.message.includes(topic) ? ` (topic ${topic})` : '';
  error.message = `${error.message}${where}; ${hint}`;
  return error;
}
