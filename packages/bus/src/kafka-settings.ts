import net from 'node:net';
import tls from 'node:tls';
import kafkajs, { type ISocketFactory, type Kafka, type KafkaConfig, type logLevel as LogLevel } from 'kafkajs';

const KEEP_ALIVE_MS = 60_000;

/** Where a Kafka cluster is and how to log in. */
export type KafkaSettings = {
  /** `host:port`, at least one. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl?: boolean;
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  };
  /**
   * Default true. With false an open connection does not keep an otherwise finished process alive; requests then have
   * no timeout of their own, because the timer that kafkajs uses would. `createProducer` has one that does not.
   */
  readonly keepsProcessAlive?: boolean;
};

export type KafkaLogLine = {
  readonly level: 'error' | 'warn';
  /** The part of kafkajs that speaks, such as `Connection`. */
  readonly namespace: string;
  readonly message: string;
};

/**
 * A kafkajs client that gives up in about a second instead of 22, and that prints nothing.
 * Warnings and errors go to `onLog`; an `onLog` that throws is ignored.
 */
export function createKafka(settings: KafkaSettings, onLog?: (line: KafkaLogLine) => void): Kafka {
  const { sasl } = settings;
  const config: KafkaConfig = {
    brokers: [...settings.brokers],
    clientId: settings.clientId,
    ssl: settings.ssl ?? false,
    retry: { retries: 2, initialRetryTime: 100, maxRetryTime: 500 },
    connectionTimeout: 1_000,
    authenticationTimeout: 5_000,
    requestTimeout: 5_000,
    logLevel: kafkajs.logLevel.WARN,
    logCreator: () => (entry) => forward(entry, onLog),
    ...(sasl && { sasl: saslOf(sasl) }),
    ...(settings.keepsProcessAlive === false && { socketFactory: unrefSocket, enforceRequestTimeout: false }),
  };
  return new kafkajs.Kafka(config);
}

type KafkajsSasl = NonNullable<KafkaConfig['sasl']>;

/** kafkajs types each mechanism apart, with the same three fields. */
function saslOf({ mechanism, username, password }: NonNullable<KafkaSettings['sasl']>): KafkajsSasl {
  if (mechanism === 'plain') return { mechanism, username, password };
  if (mechanism === 'scram-sha-256') return { mechanism, username, password };
  return { mechanism, username, password };
}

function forward(
  entry: { level: LogLevel; namespace: string; log: { message: string; error?: unknown } },
  onLog: ((line: KafkaLogLine) => void) | undefined,
): void {
  try {
    const { message, error } = entry.log;
    onLog?.({
      level: entry.level === kafkajs.logLevel.ERROR ? 'error' : 'warn',
      namespace: entry.namespace,
      message: typeof error === 'string' ? `${message}: ${error}` : message,
    });
  } catch {
    // A log sink that fails must not fail the connection that it reports on.
  }
}

const unrefSocket: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  const serverName = net.isIP(host) ? {} : { servername: host };
  const socket = ssl
    ? tls.connect({ host, port, ...serverName, ...ssl }, onConnect)
    : net.connect({ host, port }, onConnect);
  return socket.setKeepAlive(true, KEEP_ALIVE_MS).unref();
};
