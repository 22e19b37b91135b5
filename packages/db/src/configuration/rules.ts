import type { Connection } from '../pool.ts';
import { rowSet } from '../unnest.ts';

export type MeasureRow = {
  definition: string;
  select_kind: string;
  select_name: string;
  each_kind: string;
  metric: string;
  period: string;
  timezone: string;
};

const measureRows = rowSet<MeasureRow>({
  definition: 'text',
  select_kind: 'text',
  select_name: 'text',
  each_kind: 'text',
  metric: 'text',
  period: 'text',
  timezone: 'text',
});

/** A limit of a policy; amounts in the measure's unit (USD, tokens, requests) as decimal text. */
export type RuleRow = {
  name: string;
  definition: string;
  amount: string;
  on_breach: string;
  resume_kind: string;
  resume_after_ms: number | null;
  stands_for_ms: number;
};

const ruleRows = rowSet<RuleRow>({
  name: 'text',
  definition: 'text',
  amount: 'numeric',
  on_breach: 'text',
  resume_kind: 'text',
  resume_after_ms: 'bigint',
  stands_for_ms: 'bigint',
});

export type ThresholdRow = {
  limit_name: string;
  definition: string;
  percent: number;
  kind: 'warning' | 'limit';
  amount: string;
};

const thresholdRows = rowSet<ThresholdRow>({
  limit_name: 'text',
  definition: 'text',
  percent: 'int',
  kind: 'text',
  amount: 'numeric',
});

/** What activation needs of a policy. */
export type Rules = {
  measures: readonly MeasureRow[];
  limits: readonly RuleRow[];
  thresholds: readonly ThresholdRow[];
};

/** Writes the limits of a version. A limit that did not change keeps its generation, a changed one takes this version's number. */
export async function insertRules(connection: Connection, versionId: number, rules: Rules): Promise<void> {
  await connection.query(
    `insert into measure (${measureRows.columns}, resolved, counted_from)
     select ${measureRows.columns}, null, 'infinity' from ${measureRows.from()} on conflict (definition) do nothing`,
    measureRows.parameters(rules.measures),
  );
  await connection.query(
    `with given as (
       select g.name, m.measure_id, g.amount, g.on_breach, g.resume_kind,
              g.resume_after_ms * interval '1 millisecond' as resume_after,
              g.stands_for_ms * interval '1 millisecond' as stands_for
         from (select * from ${ruleRows.from(2)}) g join measure m using (definition))
     insert into limit_rule (policy_version_id, name, generation, measure_id, amount, on_breach, resume_kind, resume_after, stands_for)
     select $1, g.name, coalesce(before.generation, $1), g.measure_id, g.amount, g.on_breach, g.resume_kind, g.resume_after, g.stands_for
       from given g
       left join limit_rule before
         on before.policy_version_id = (select policy_version_id from configuration_epoch) and before.name = g.name
        and (before.measure_id, before.amount, before.on_breach, before.stands_for) = (g.measure_id, g.amount, g.on_breach, g.stands_for)`,
    [versionId, ...ruleRows.parameters(rules.limits)],
  );
  await connection.query(
    `insert into limit_threshold (policy_version_id, measure_id, limit_name, percent, kind, amount)
     select $1, m.measure_id, g.limit_name, g.percent, g.kind, g.amount
       from (select * from ${thresholdRows.from(2)}) g join measure m using (definition)`,
    [versionId, ...thresholdRows.parameters(rules.thresholds)],
  );
}
