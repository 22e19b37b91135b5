import type { Finding } from '../inbox/finding.ts';
import type { Queryable } from '../pool.ts';

/**
 * Makes the open findings of a kind exactly these, one per subject: new ones open, known ones are seen again,
 * the others are resolved. One statement for any number, where insertFinding is for one.
 */
export async function setFindings(
  db: Queryable,
  kind: string,
  findings: readonly Omit<Finding, 'kind'>[],
): Promise<void> {
  await db.query(
    `with given as (
       select subject, sentence, coalesce(detail, '{}') as detail
         from jsonb_to_recordset($2) as given (subject text, sentence text, detail jsonb)
     ), resolved as (
       update finding set resolved_at = clock_timestamp()
        where kind = $1 and resolved_at is null and subject not in (select subject from given)
     )
     insert into finding (kind, subject, sentence, detail)
     select $1, subject, sentence, detail from given order by subject
     on conflict (kind, subject) where resolved_at is null
     do update set times = finding.times + 1, last_seen_at = clock_timestamp(),
                   sentence = excluded.sentence, detail = excluded.detail`,
    [kind, JSON.stringify(findings)],
  );
}
