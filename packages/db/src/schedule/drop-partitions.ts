import pg from 'pg';
import { asLedgerOwner } from '../ledger/as-ledger-owner.ts';
import type { Connection, Pool } from '../pool.ts';

export type PartitionedTable = 'usage_event' | 'usage_minute';

/** What became of the partitions whose time is over. `waiting`: somebody still reads there; it is tried again next time. */
export type Dropped = { dropped: string[]; waiting: string[] };

type Expired = { name: string; parent: PartitionedTable; stage: 'attached' | 'detaching' | 'detached' };

const LOCK_NOT_AVAILABLE = '55P03';
const QUERY_CANCELED = '57014';
/** How long a statement of ours may wait for a reader. Nobody waits behind it meanwhile. */
const LOCK_TIMEOUT_MS = 1_000;
/** Tells a table that this has detached from one that a person detached to keep it. */
const MARK = 'bursar: past its retention, to be dropped';

/**
 * Drops the partitions that end at least `keepMs` ago. `detach … concurrently` never locks the parent against readers
 * or writers; where a reader began before, it stays half done, and the next call finishes it.
 * The login must own the tables or be a member of the role that does.
 */
export async function dropExpiredPartitions(
  pool: Pool,
  keepMs: Readonly<Record<PartitionedTable, number>>,
  signal: AbortSignal,
): Promise<Dropped> {
  return asLedgerOwner(pool, async (connection) => {
    await connection.query(`set lock_timeout = ${LOCK_TIMEOUT_MS}`);
    try {
      return await dropAll(connection, await expiredPartitions(connection, keepMs), signal);
    } finally {
      await connection.query('reset lock_timeout');
    }
  });
}

/** Those that are half detached come first: Postgres detaches one partition of a table at a time. */
async function expiredPartitions(
  connection: Connection,
  keepMs: Readonly<Record<PartitionedTable, number>>,
): Promise<Expired[]> {
  const { rows } = await connection.query<Expired>(
    `with bound as (
       select c.relname as name, p.relname as parent, i.inhdetachpending as detaching,
              substring(pg_get_expr(c.relpartbound, c.oid) from $$TO \\('([^']+)'\\)$$) as upper
         from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
        where p.oid in ('usage_event'::regclass, 'usage_minute'::regclass)
     ), day as (
       select name, parent, case when detaching then 'detaching' else 'attached' end as stage,
              case parent when 'usage_minute' then upper::timestamptz
                else to_timestamp(('x' || lpad(left(replace(upper, '-', ''), 12), 16, '0'))::bit(64)::bigint / 1000.0)
              end as ends_at
         from bound
     )
     select name, parent, stage from day
      where ends_at <= clock_timestamp()
            - case parent when 'usage_event' then $1::float8 else $2::float8 end * interval '1 millisecond'
     union all
     select c.relname, substring(c.relname from '^usage_[a-z]+'), 'detached'
       from pg_class c
      where c.relkind = 'r' and not c.relispartition and c.relnamespace = current_schema()::regnamespace
        and obj_description(c.oid, 'pg_class') = $3
     order by stage desc, name`,
    [keepMs.usage_event, keepMs.usage_minute, MARK],
  );
  return rows;
}

async function dropAll(connection: Connection, expired: readonly Expired[], signal: AbortSignal): Promise<Dropped> {
  const result: Dropped = { dropped: [], waiting: [] };
  // While one waits, no other of its table can be detached.
  const busy = new Set<PartitionedTable>();
  for (const partition of expired) {
    if (signal.aborted) break;
    const isDropped = !busy.has(partition.parent) && (await dropOne(connection, partition));
    if (!isDropped) busy.add(partition.parent);
    (isDropped ? result.dropped : result.waiting).push(partition.name);
  }
  return result;
}

/** False when a reader did not let go in time. Each statement commits by itself: detaching can't be part of a transaction. */
async function dropOne(connection: Connection, { name, parent, stage }: Expired): Promise<boolean> {
  const table = pg.escapeIdentifier(name);
  try {
    if (stage === 'attached') {
      await connection.query(`comment on table ${table} is '${MARK}'`);
      await connection.query(`alter table ${parent} detach partition ${table} concurrently`);
    } else if (stage === 'detaching') {
      await connection.query(`alter table ${parent} detach partition ${table} finalize`);
    }
    await connection.query(`drop table ${table}`);
    return true;
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === LOCK_NOT_AVAILABLE || code === QUERY_CANCELED) return false;
    throw error;
  }
}
