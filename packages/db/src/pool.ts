import { Socket } from 'node:net';
import pg from 'pg';
import { requireTlsFiles } from './database-url.ts';

export type Pool = pg.Pool;
export type Connection = pg.PoolClient;
/** Anything a statement can be sent to: a pool for a single statement, a connection inside a transaction. */
export type Queryable = Pick<pg.Pool, 'query'>;

const NUMERIC_ARRAY = 1231;

/** How much longer than the server's own limit a statement is waited for: then nobody is at the other end any more. */
const SILENCE_GRACE_MS = 1_000;

/**
 * Opens a pool. `bigint` and `numeric` come back as strings, never as floating-point numbers.
 * The timeouts end a statement or a transaction that a lost process would leave holding its locks.
 * Throws DatabaseUrlError when a file that the URL names for TLS can't be read.
 */
export function openPool(
  databaseUrl: string,
  options: {
    name: string;
    max?: number;
    statementTimeoutMs?: number;
    onError?: (error: Error) => void;
    onSocket?: OnSocket;
  },
): Pool {
  requireTlsFiles(databaseUrl);
  const statementTimeoutMs = options.statementTimeoutMs ?? 30_000;
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    application_name: options.name,
    max: options.max ?? 4,
    connectionTimeoutMillis: 5_000,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs * 1.2 + SILENCE_GRACE_MS,
    idle_in_transaction_session_timeout: 30_000,
    stream: () => openSocket(options.onSocket),
    types: { getTypeParser },
  });
  pool.on('error', options.onError ?? (() => {}));
  // The pool listens to idle connections only. One that is lost while it is in use tells it to the statement that
  // fails and here; without a listener, Node would end the process for it.
  pool.on('connect', (connection) => connection.on('error', () => {}));
  return pool;
}

/** A connection of its own, for LISTEN. The caller ends it. */
export async function openListener(
  databaseUrl: string,
  name: string,
  channels: readonly Channel[],
  onNotify: (channel: Channel) => void,
  onLost: (error: Error) => void,
  onSocket?: OnSocket,
): Promise<{ close(): Promise<void> }> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: `${name} listen`,
    keepAlive: true,
    stream: () => openSocket(onSocket),
  });
  client.on('notification', (message) => onNotify(message.channel as Channel));
  client.on('error', onLost);
  await client.connect();
  for (const channel of channels) await client.query(`listen ${channel}`);
  return { close: () => client.end() };
}

/** Told of every socket that is opened: who must end can then destroy what nobody answers on. */
export type OnSocket = (socket: Socket) => void;

function openSocket(onSocket: OnSocket | undefined): Socket {
  const socket = new Socket();
  onSocket?.(socket);
  return socket;
}

/** bursar_breach wakes the revoker, bursar_configuration the aggregator, bursar_command whoever consumes commands. */
export type Channel = 'bursar_breach' | 'bursar_configuration' | 'bursar_command';

/** Postgres drivers parse numeric[] into floating-point numbers; ours stay strings. */
function getTypeParser(oid: number, format?: 'text' | 'binary') {
  if (oid === NUMERIC_ARRAY) return pg.types.getTypeParser(1009 as never, 'text');
  return pg.types.getTypeParser(oid as never, (format ?? 'text') as 'text');
}
