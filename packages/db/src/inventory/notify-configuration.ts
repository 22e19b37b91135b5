import type { Queryable } from '../pool.ts';

/** Tells the aggregator, on commit, that bindings or what selectors mean may have changed. */
export async function notifyConfiguration(db: Queryable): Promise<void> {
  await db.query(`select pg_notify('bursar_configuration', '')`);
}
