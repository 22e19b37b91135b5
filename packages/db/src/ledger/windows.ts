import type { Connection } from '../pool.ts';
import { type WindowRow, windowRows } from './rows.ts';

export type Crossings = {
  /** Breaches recorded by this statement. */
  breaches: number;
  /** Limits crossed in windows that are already closed: they act on nothing and are findings. */
  lateCrossings: number;
};

/** Batches of several partitions may each add to the same window. */
const GROUPED = `select measure_id, subject, window_start, window_end, sum(total) as total, sum(provisional) as provisional
  from ${windowRows.from(2)} group by measure_id, subject, window_start, window_end order by measure_id, subject, window_start`;

/**
 * Adds to the limit windows and records each threshold that these sums carry over, in one statement.
 * A threshold speaks when its amount is reached; a limit that is reached only with cost
 * whose price is not known is recorded as provisional. The notification leaves with the commit.
 */
export async function addToWindows(
  connection: Connection,
  policyVersionId: number | undefined,
  rows: readonly WindowRow[],
  isGrouped = false,
): Promise<Crossings> {
  if (rows.length === 0 || policyVersionId === undefined) return { breaches: 0, lateCrossings: 0 };
  const { rows: results } = await connection.query<{ breaches: number; late: number }>({
    name: `add-${isGrouped ? 'grouped-' : ''}to-windows`,
    text: `with given as materialized (${isGrouped ? GROUPED : `select * from ${windowRows.from(2)}`}), summed as (
             insert into limit_window as known (${windowRows.columns})
             select ${windowRows.columns} from given
             on conflict (measure_id, subject, window_start) do update
             set total = known.total + excluded.total,
                 provisional = known.provisional + excluded.provisional,
                 updated_at = clock_timestamp()
             returning ${windowRows.columns}
           ), judged as (
             select s.*, t.limit_name, t.percent, t.amount,
                    case
                      when t.kind = 'warning' then
                        case when s.total >= t.amount and s.total - g.total < t.amount then 'warning' end
                      when s.total - s.provisional >= t.amount
                        and (s.total - s.provisional) - (g.total - g.provisional) < t.amount then 'limit'
                      when s.total >= t.amount and s.total - g.total < t.amount then 'provisional'
                    end as kind
               from summed s
               join given g using (measure_id, subject, window_start)
               join limit_threshold t on t.policy_version_id = $1 and t.measure_id = s.measure_id
           ), recorded as (
             insert into breach (cause, rule, generation, policy_version_id, measure_id, subject, window_start, window_end,
                                 kind, percent, amount, total, provisional, source)
             select 'limit', limit_name, r.generation, $1, j.measure_id, subject, window_start, window_end,
                    kind, percent, j.amount, total, provisional, 'write_path'
               from judged j
               join limit_rule r on r.policy_version_id = $1 and r.name = j.limit_name
              where kind is not null and window_end > clock_timestamp()
             on conflict do nothing
             returning 1
           ), late as (
             insert into finding (kind, subject, sentence, detail)
             select 'late_crossing', limit_name || '/' || subject || '/' || window_start,
                    format('%s was crossed in a window that had ended at %s: %s of %s. Late events act on nothing.',
                           limit_name, window_end, total, amount),
                    jsonb_build_object('percent', percent, 'total', total::text, 'amount', amount::text)
               from judged where kind = 'limit' and window_end <= clock_timestamp()
             on conflict (kind, subject) where resolved_at is null do nothing
             returning 1
           ), told as (
             select pg_notify('bursar_breach', '') from recorded limit 1
           )
           select (select count(*)::int from recorded) as breaches,
                  (select count(*)::int from late) as late,
                  (select count(*) from told) as told`,
    values: [policyVersionId, ...windowRows.parameters(rows)],
  });
  const result = results[0]!;
  return { breaches: result.breaches, lateCrossings: result.late };
}
