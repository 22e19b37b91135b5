import type { Queryable } from '../pool.ts';

export type WindowQuestion = { period: string; timezone: string; at: Date };

/** The windows that hold these instants, as the sweep has them: `window_at` of the schema, many at once, in order. */
export async function windowsAt(
  db: Queryable,
  questions: readonly WindowQuestion[],
): Promise<{ start: Date; end: Date }[]> {
  const { rows } = await db.query<{ start: Date; end: Date }>(
    `select window_start as start, window_end as end
       from unnest($1::text[], $2::text[], $3::timestamptz[]) with ordinality as asked (period, zone, instant, position)
      cross join lateral window_at(period, zone, instant)
      order by position`,
    [questions.map(({ period }) => period), questions.map(({ timezone }) => timezone), questions.map(({ at }) => at)],
  );
  return rows;
}
