import type { Pool } from '@bursar/db/pool';
import type { Sent } from '../traffic/order.ts';

export type Commit = { emittedAtMs: number; committedAtMs: number };

/** When each event was made and when the transaction that stored it committed, by the server's clock. */
export async function commits(db: Pool): Promise<Map<string, Commit>> {
  const { rows } = await db.query<{ id: string; emitted: string; committed: string }>(
    `select event_id as id, extract(epoch from occurred_at) * 1000 as emitted,
            extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000 as committed
       from usage_event`,
  );
  return new Map(
    rows.map((row) => [row.id, { emittedAtMs: Number(row.emitted), committedAtMs: Number(row.committed) }]),
  );
}

/** Stored events per second between the first commit and the last; what the first brought was read before. */
export function storedPerS(stored: ReadonlyMap<string, Commit>): number {
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  for (const { committedAtMs } of stored.values()) {
    first = Math.min(first, committedAtMs);
    last = Math.max(last, committedAtMs);
  }
  let later = 0;
  for (const { committedAtMs } of stored.values()) later += committedAtMs > first ? 1 : 0;
  return later / ((last - first) / 1_000);
}

export type Delays = { fromSendMs: number[]; fromEmitMs: number[] };

/** Delays of the events sent from `fromMs` on. */
export function delays(stored: ReadonlyMap<string, Commit>, sent: readonly Sent[], fromMs: number): Delays {
  const found: Delays = { fromSendMs: [], fromEmitMs: [] };
  for (const { atMs, ids } of sent) {
    if (atMs < fromMs) continue;
    for (const id of ids) {
      const { emittedAtMs, committedAtMs } = stored.get(id)!;
      found.fromSendMs.push(committedAtMs - atMs);
      found.fromEmitMs.push(committedAtMs - emittedAtMs);
    }
  }
  return found;
}

/** Commit times exist only where the server keeps them. */
export async function requireCommitTimes(db: Pool): Promise<void> {
  const { rows } = await db.query<{ kept: string }>(`select current_setting('track_commit_timestamp') as kept`);
  if (rows[0]!.kept !== 'on')
    throw new Error(
      'the PostgreSQL of DATABASE_URL does not keep commit times, which the bench measures delays with. ' +
        'Set track_commit_timestamp = on and restart it, or unset DATABASE_URL.',
    );
}
