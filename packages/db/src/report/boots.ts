import type { Queryable } from '../pool.ts';
import type { Boot, BootQuarter } from './account-boot.ts';

export type BootQuery = {
  /** A boot without a goodbye that was last heard before this instant is silent. */
  silentBefore: Date;
  /** Boots of which something ended in this time; left out: boots with numbers that nothing accounts for, whenever. */
  range?: { from: Date; to: Date };
};

/** Boots with all their quarters of an hour that are kept, which may be none: an account begins at the beginning. */
export async function loadBoots(db: Queryable, { silentBefore, range }: BootQuery): Promise<Boot[]> {
  const { rows } = await db.query<BootRow>(
    `with told as (
       select emitter_id, boot, max(service) as service, max(highest_seq) as highest_seq, max(last_event_seq) as last_event_seq,
              max(last_seen_at) as last_seen_at, bool_or(closed_at is not null) as closed,
              coalesce((array_agg(pending order by told_at desc) filter (where told_at is not null))[1], 0) as pending
         from emitter_seq
        where $2::timestamptz is null or exists (
                select 1 from emitter_quarter_hour quarter
                 where quarter.emitter_id = emitter_seq.emitter_id and quarter.boot = emitter_seq.boot
                   and quarter.quarter >= $2 and quarter.quarter < $3)
        group by emitter_id, boot
       having $2::timestamptz is not null or max(highest_seq) > sum(seen) + sum(quarantined) - sum(unnumbered)
     ), by_quarter as (
       select emitter_id, boot, quarter, sum(part.seen) as seen, sum(part.duplicates) as duplicates,
              sum(part.quarantined) as quarantined, sum(part.unnumbered) as unnumbered, max(part.highest_seq) as highest_seq,
              min(part.lowest_pending) as lowest_pending, jsonb_agg(part.dropped) filter (where part.dropped <> '{}') as dropped
         from emitter_quarter_hour part join told using (emitter_id, boot)
        group by emitter_id, boot, quarter
     )
     select emitter_id as "emitterId", boot, service, told.highest_seq as "highestSeq", last_event_seq as "lastEventSeq", pending,
            last_seen_at as "lastSeenAt",
            case when closed then 'closed'
                 when last_seen_at < $1 then 'silent'
                 else 'running' end as state,
            coalesce(json_agg(json_build_object('quarter', quarter, 'seen', seen, 'duplicates', duplicates, 'quarantined', quarantined,
              'unnumbered', unnumbered, 'highestSeq', by_quarter.highest_seq, 'lowestPending', lowest_pending, 'dropped', dropped)
              order by quarter) filter (where quarter is not null), '[]') as quarters
       from told left join by_quarter using (emitter_id, boot)
      group by emitter_id, boot, service, told.highest_seq, last_event_seq, pending, last_seen_at, closed
      order by emitter_id, boot`,
    [silentBefore, range?.from ?? null, range?.to ?? null],
  );
  return rows.map(bootOf);
}

type BootRow = Omit<Boot, 'quarters' | 'highestSeq' | 'lastEventSeq' | 'pending'> & {
  highestSeq: string;
  lastEventSeq: string;
  pending: string;
  quarters: (Omit<BootQuarter, 'quarter' | 'dropped'> & {
    quarter: string;
    dropped: Record<string, number>[] | null;
  })[];
};

function bootOf(row: BootRow): Boot {
  return {
    ...row,
    highestSeq: Number(row.highestSeq),
    lastEventSeq: Number(row.lastEventSeq),
    pending: Number(row.pending),
    quarters: row.quarters.map((quarter) => ({
      ...quarter,
      quarter: new Date(quarter.quarter),
      dropped: mostOf(quarter.dropped ?? []),
    })),
  };
}

/** Counts only grow: of what several partitions tell, the highest of each reason is the newest. */
function mostOf(told: readonly Record<string, number>[]): Record<string, number> {
  const most = new Map<string, number>();
  for (const drops of told)
    for (const [reason, count] of Object.entries(drops)) most.set(reason, Math.max(most.get(reason) ?? 0, count));
  return Object.fromEntries(most);
}
