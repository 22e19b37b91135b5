import type { Connection, Pool } from './pool.ts';

const DEADLOCK = '40P01';
const SERIALIZATION = '40001';
/** Too many connections; the database takes none for now. */
const AWAY = new Set(['53300', '55000']);

/** Runs work in a transaction on a connection of its own; any error rolls back and goes on to the caller. */
export async function inTransaction<T>(pool: Pool, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await pool.connect();
  let broken: Error | undefined;
  try {
    await connection.query('begin');
    const result = await work(connection);
    await connection.query('commit');
    return result;
  } catch (error) {
    await connection.query('rollback').catch((failure: Error) => {
      broken = failure;
    });
    throw error;
  } finally {
    connection.release(broken);
  }
}

/** As inTransaction, again when Postgres chose this transaction to break a deadlock. */
export async function inRetriedTransaction<T>(
  pool: Pool,
  work: (connection: Connection) => Promise<T>,
  attempts = 5,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await inTransaction(pool, work);
    } catch (error) {
      if (attempt >= attempts || !isTransient(error)) throw error;
    }
  }
}

function isTransient(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return code === DEADLOCK || code === SERIALIZATION;
}

/** True when the connection was lost or the server is going down or coming up: nothing is known about the outcome. */
export function isConnectionLost(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && (AWAY.has(code) || /^(08|57P|E[A-Z]+$)/.test(code))) return true;
  return (
    typeof message === 'string' &&
    /Connection terminated|connection timeout|timeout exceeded when trying to connect|Client has encountered/i.test(
      message,
    )
  );
}
