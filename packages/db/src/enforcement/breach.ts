import type { Queryable } from '../pool.ts';

/** A breach with what the active policy says about it now. Amounts are exact decimal texts in the metric's unit. */
export type Breach = {
  breachId: string;
  cause: 'limit' | 'rotation';
  rule: string;
  generation: number;
  policyVersionId: number;
  subject: string;
  windowStart: Date;
  windowEnd: Date;
  kind: 'warning' | 'provisional' | 'limit';
  /** Of the limit for cause limit; days before the date for a rotation reminder. */
  percent: number;
  amount: string;
  total: string;
  provisional: string;
  source: string;
  recordedAt: Date;
  /** Consumed again, for these keys (key_ref) alone; null the first time. */
  reopenedFor: number[] | null;
  /** null for cause rotation */
  measure: Measured | null;
  /** The limit of that name in the active policy; null when there is none. */
  activeLimit: ActiveLimit | null;
  activeVersionId: number | null;
};

export type Measured = {
  selectKind: 'key' | 'role' | 'workspace' | 'service';
  selectName: string;
  eachKind: 'key' | 'together';
  metric: 'cost' | 'tokens' | 'requests';
  period: string;
  /** key_refs or workspace ids as text; null for role and service. */
  resolved: string[] | null;
};

export type ActiveLimit = {
  amount: string;
  onBreach: 'alert' | 'suspend';
  /** The sum without provisional cost still reaches the amount. */
  reached: boolean;
};

/** Locks the oldest breach that nobody consumed or holds, passing over `except`. */
export async function nextBreach(db: Queryable, except: readonly string[]): Promise<Breach | undefined> {
  const { rows } = await db.query<Breach>(
    `select b.breach_id as "breachId", b.cause, b.rule, b.generation, b.policy_version_id as "policyVersionId", b.subject,
            b.window_start as "windowStart", b.window_end as "windowEnd", b.kind, b.percent, b.amount, b.total, b.provisional,
            b.source, b.recorded_at as "recordedAt", b.reopened_for as "reopenedFor", e.policy_version_id as "activeVersionId",
            case when m.measure_id is not null then json_build_object(
              'selectKind', m.select_kind, 'selectName', m.select_name, 'eachKind', m.each_kind,
              'metric', m.metric, 'period', m.period, 'resolved', m.resolved) end as measure,
            case when r.name is not null then json_build_object(
              'amount', r.amount::text, 'onBreach', r.on_breach, 'reached',
              case when m.period = 'sliding_minute' then b.total - b.provisional > r.amount
                   else b.total - b.provisional >= r.amount end) end as "activeLimit"
       from breach b
      cross join configuration_epoch e
       left join measure m on m.measure_id = b.measure_id
       left join limit_rule r on b.cause = 'limit' and r.policy_version_id = e.policy_version_id and r.name = b.rule
      where b.consumed_at is null and b.breach_id <> all ($1::bigint[])
        -- A key that was met just now is bound in a moment.
        and (m.each_kind is distinct from 'key' or b.recorded_at < clock_timestamp() - interval '5 seconds'
             or exists (select from key_binding kb where kb.key_ref::text = b.subject and kb.unbound_at is null))
      order by b.breach_id
      limit 1
        for update of b skip locked`,
    [except],
  );
  return rows[0];
}

/**
 * Lets breaches be consumed again for keys that were bound to nothing the first time and are bound now: those of the limits
 * in force whose windows are open. What was decided about other keys is not touched.
 */
export async function reopenBoundBreaches(db: Queryable): Promise<void> {
  const { rowCount } = await db.query(
    `select from finding f join key_binding kb on kb.key_ref = (f.detail ->> 'keyRef')::integer and kb.unbound_at is null
      where f.kind = 'unbound_key' and f.resolved_at is null limit 1`,
  );
  if (rowCount === 0) return;
  await db.query(
    `with bound as (
       update finding f set resolved_at = clock_timestamp()
         from key_binding kb
        where kb.key_ref = (f.detail ->> 'keyRef')::integer and kb.unbound_at is null
          and f.kind = 'unbound_key' and f.resolved_at is null
       returning kb.key_ref
     ), reached as (
       select b.breach_id, array_agg(distinct bound.key_ref) as key_refs
         from breach b join bound on b.subject in ('', bound.key_ref::text)
         join configuration_epoch e on true
         join limit_rule r on r.policy_version_id = e.policy_version_id and r.name = b.rule and r.generation = b.generation
        where b.cause = 'limit' and b.kind <> 'warning' and b.consumed_at is not null and b.window_end > clock_timestamp()
        group by b.breach_id
     )
     update breach b set consumed_at = null, reopened_for = reached.key_refs
       from reached where b.breach_id = reached.breach_id`,
  );
}

export async function markConsumed(db: Queryable, breachId: string): Promise<void> {
  await db.query('update breach set consumed_at = clock_timestamp(), reopened_for = null where breach_id = $1', [
    breachId,
  ]);
}

export type KafkaPosition = { topic: string; partition: number; nextOffset: string };

/** How far the ledger had read when something was decided. */
export async function kafkaPositions(db: Queryable): Promise<KafkaPosition[]> {
  const { rows } = await db.query<KafkaPosition>(
    'select topic, partition, next_offset as "nextOffset" from kafka_offset order by topic, partition',
  );
  return rows;
}
