import type { Connection, Pool } from '../pool.ts';

const OWNER = 'bursar_ledger';

/**
 * Runs work on a connection of its own as the role that owns the day partitions, where infra/postgres/roles.sql gave this
 * login a way to it; as the login itself elsewhere. For what can't be in a transaction or a function: detaching
 * and dropping old days. No transaction is begun.
 */
export async function asLedgerOwner<T>(pool: Pool, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await pool.connect();
  let broken: Error | undefined;
  try {
    if (await mayBecomeOwner(connection)) await connection.query(`set role ${OWNER}`);
    return await work(connection);
  } finally {
    // A connection that keeps the role must not serve anybody else.
    await connection.query('reset role').catch((error: Error) => {
      broken = error;
    });
    connection.release(broken);
  }
}

async function mayBecomeOwner(connection: Connection): Promise<boolean> {
  const { rows } = await connection.query<{ may: boolean }>(
    `select exists (select from pg_class join pg_roles owner on owner.oid = relowner
                     where pg_class.oid = 'usage_event'::regclass and rolname = $1
                       and pg_has_role(session_user, owner.oid, 'member')) as may`,
    [OWNER],
  );
  return rows[0]!.may;
}
