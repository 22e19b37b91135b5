import type { Queryable } from '../pool.ts';

/** One run of one emitter that went silent without saying goodbye. */
export type SilentBoot = {
  emitterId: string;
  boot: string;
  service: string;
  lastSeenAt: Date;
  /** The last sequence number it is known to have given, and how many of these were counted or quarantined. */
  highestSeq: string;
  accountedFor: string;
  /** What it last said was waiting to be sent, and what it said it dropped. */
  pending: string;
  dropped: string;
};

/** Boots without a clean close, last heard before this instant, whose silence has no incident of this kind yet. */
export async function silentBoots(db: Queryable, kind: string, silentBefore: Date): Promise<SilentBoot[]> {
  const { rows } = await db.query<SilentBoot>(
    `select emitter_id as "emitterId", boot, max(service) as service, max(last_seen_at) as "lastSeenAt",
            max(highest_seq) as "highestSeq", sum(seen) + sum(quarantined) - sum(unnumbered) as "accountedFor", max(pending) as pending,
            max((select coalesce(sum(value::numeric), 0) from jsonb_each_text(dropped))) as dropped
       from emitter_seq
      group by emitter_id, boot
     having not bool_or(closed_at is not null)
        and max(last_seen_at) < $2
        and not exists (
          select 1 from incident
           where kind = $1 and subject = emitter_id || '/' || boot and opened_at > max(last_seen_at))
      order by max(last_seen_at)`,
    [kind, silentBefore],
  );
  return rows;
}
