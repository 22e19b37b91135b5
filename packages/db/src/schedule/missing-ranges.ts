import { firstIdAt } from '../ledger/partitions.ts';
import type { Queryable } from '../pool.ts';

/** Numbers after `afterSeq`, up to `upToSeq`, of requests that ended between the two instants. */
export type SeqSpan = { emitterId: string; boot: string; afterSeq: number; upToSeq: number; from: Date; to: Date };
export type SeqRange = { from: number; to: number };

/** A request's id is made when it leaves, up to this long before it ends; clocks differ by up to the other. */
const LONGEST_REQUEST_MS = 3_600_000;
const CLOCKS_MS = 5 * 60_000;

/**
 * The ranges of numbers that have neither a row nor a place in quarantine, the lowest first; those that the emitter dropped are among them.
 * There is no index by boot: it reads all rows of that time.
 */
export async function missingRanges(db: Queryable, span: SeqSpan, most: number): Promise<SeqRange[]> {
  const { rows } = await db.query<{ from: string; to: string }>(
    `with known as (
       select seq from usage_event
        where event_id >= $5 and event_id < $6 and seq > $3 and seq <= $4
          and emitter_boot_id = (select emitter_boot_id from emitter_boot where emitter_id = $1 and boot = $2)
       union
       select seq from quarantine where emitter_id = $1 and boot = $2 and seq > $3 and seq <= $4 and quarter is not null
     ), step as (
       select seq, lag(seq, 1, $3::bigint) over (order by seq) as before
         from (select seq from known union all select $4::bigint + 1) as stops
     )
     select before + 1 as "from", seq - 1 as "to" from step where seq > before + 1 order by before limit $7`,
    [
      span.emitterId,
      span.boot,
      span.afterSeq,
      span.upToSeq,
      firstIdAt(span.from.getTime() - LONGEST_REQUEST_MS),
      firstIdAt(span.to.getTime() + CLOCKS_MS),
      most,
    ],
  );
  return rows.map(({ from, to }) => ({ from: Number(from), to: Number(to) }));
}
