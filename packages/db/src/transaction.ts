import type { Connection, Pool } from './pool.ts';

const DEADLOCK = '40P01';
const SERIALIZATION = '40001';
/**
 * 08 connection, 25006 read-only after a failover, 25P03 idle too long, 40 deadlock or serialization again and again,
 * 53 no disk, memory or connection left, 55000 the database takes no connections, 57P going down or coming up, 58 I/O.
 */
const PASSES = /^(08|25006$|25P03$|40001$|40P01$|53|55000$|57P|58)/;

/**
 * Runs work in a transaction on a connection of its own; any error rolls back and goes on to the caller.
 * `opening` may do more than begin it, without parameters: that saves a round trip.
 */
export async function inTransaction<T>(
  pool: Pool,
  work: (connection: Connection) => Promise<T>,
  opening = 'begin',
): Promise<T> {
  const connection = await pool.connect();
  let broken: Error | undefined;
  try {
    await connection.query(opening);
    const result = await work(connection);
    await connection.query('commit');
    return result;
  } catch (error) {
    // Over a connection that has fallen silent the answer to this would be waited for as well.
    if (isSilence(error)) broken = error as Error;
    else {
      await connection.query('rollback').catch((failure: Error) => {
        broken = failure;
      });
    }
    throw error;
  } finally {
    connection.release(broken);
  }
}

/** As inTransaction, again when Postgres chose this transaction to break a deadlock. */
export async function inRetriedTransaction<T>(
  pool: Pool,
  work: (connection: Connection) => Promise<T>,
  { attempts = 5, opening = 'begin' } = {},
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await inTransaction(pool, work, opening);
    } catch (error) {
      if (attempt >= attempts || !isTransient(error)) throw error;
    }
  }
}

function isTransient(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return code === DEADLOCK || code === SERIALIZATION;
}

/**
 * Whether a failure passes by itself or by what an operator does to the server, so that the same work can be repeated: the
 * connection was lost or fell silent, the server comes up or goes down, has no room, no memory or no connection left, or takes no writes.
 * Nothing is known about the outcome. What is left are refusals that would be repeated for ever.
 */
export function isConnectionLost(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && (PASSES.test(code) || /^E[A-Z]+$/.test(code))) return true;
  return (
    typeof message === 'string' &&
    /Connection terminated|connection timeout|timeout exceeded when trying to connect|Client has encountered|Query read timeout/i.test(
      message,
    )
  );
}

/** What pg says when a statement had no answer at all within `query_timeout`. */
function isSilence(error: unknown): boolean {
  return (error as { message?: unknown }).message === 'Query read timeout';
}

/** Postgres refuses this login or what it asks for: a missing grant, a wrong password, no such database. */
export function isRefused(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^(42501$|28|3D000$)/.test(code);
}

/** A table or column is not there: the schema is not that of this version. */
export function isOtherSchema(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === '42P01' || code === '42703' || code === '42883';
}
