import type { Queryable } from '../pool.ts';

export type Finding = { kind: string; subject: string; sentence: string; detail?: Record<string, unknown> };

/** Records something wrong that is no breach. The same open finding is counted, not repeated. */
export async function insertFinding(db: Queryable, finding: Finding): Promise<void> {
  await db.query(
    `insert into finding (kind, subject, sentence, detail) values ($1, $2, $3, $4)
     on conflict (kind, subject) where resolved_at is null
     do update set times = finding.times + 1, last_seen_at = clock_timestamp(), sentence = excluded.sentence, detail = excluded.detail`,
    [finding.kind, finding.subject, finding.sentence, finding.detail ?? {}],
  );
}

/** Closes the open findings of a kind whose cause is gone. */
export async function resolveFindings(db: Queryable, kind: string, stillWrong: readonly string[]): Promise<void> {
  await db.query(
    `update finding set resolved_at = clock_timestamp()
      where kind = $1 and resolved_at is null and not subject = any ($2::text[])`,
    [kind, stillWrong],
  );
}
