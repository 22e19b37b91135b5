import net from 'node:net';
import tls from 'node:tls';
import kafkajs, { type ISocketFactory, type Kafka, type KafkaConfig, type logLevel as LogLevel } from 'kafkajs';
import type { KafkaConnection, KafkaLogin } from './kafka-connection.ts';

const KEEP_ALIVE_MS = 60_000;
const CONNECT_TIMEOUT_MS = 1_000;
/** The first handshakes of a broker that has just started, all its clients at once, take longer than a second. */
const TLS_CONNECT_TIMEOUT_MS = 3_000;

/** Where a Kafka cluster is, how to log in, and as which client. */
export type KafkaSettings = KafkaConnection & {
  readonly clientId: string;
  /**
   * Default true. With false an open connection does not keep an otherwise finished process alive; requests then have
   * no timeout of their own, because the timer that kafkajs uses would. `createProducer` has one that does not.
   */
  readonly keepsProcessAlive?: boolean;
  /** Told of every socket that is opened: who must end can then destroy what nobody answers on. */
  readonly onSocket?: (socket: net.Socket) => void;
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
    connectionTimeout: settings.ssl ? TLS_CONNECT_TIMEOUT_MS : CONNECT_TIMEOUT_MS,
    authenticationTimeout: 5_000,
    requestTimeout: 5_000,
    logLevel: kafkajs.logLevel.WARN,
    logCreator: () => (entry) => forward(entry, onLog),
    ...(sasl && { sasl: saslOf(sasl) }),
    socketFactory: socketFactoryOf(settings),
    ...(settings.keepsProcessAlive === false && { enforceRequestTimeout: false }),
  };
  return new kafkajs.Kafka(config);
}

type KafkajsSasl = NonNullable<KafkaConfig['sasl']>;

/** kafkajs types each mechanism apart, with the same three fields. */
function saslOf({ mechanism, username, password }: KafkaLogin): KafkajsSasl {
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

function socketFactoryOf({ keepsProcessAlive, onSocket }: KafkaSettings): ISocketFactory {
  return ({ host, port, ssl, onConnect }) => {
    const serverName = net.isIP(host) ? {} : { servername: host };
    const socket = ssl
      ? tls.connect({ host, port, ...serverName, ...ssl }, onConnect)
      : net.connect({ host, port }, onConnect);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    onSocket?.(socket);
    return keepsProcessAlive === false ? socket.unref() : socket;
  };
}
