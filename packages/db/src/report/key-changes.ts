import type { Queryable } from '../pool.ts';

export type KeyChangeRow = { field: string; before: string | null; after: string | null; seenAt: Date };

/** What changed about a key at Anthropic between two looks at the inventory, oldest first. */
export async function listChangesOfKey(db: Queryable, apiKeyId: string): Promise<KeyChangeRow[]> {
  const { rows } = await db.query<KeyChangeRow>(
    `select field, before, after, seen_at as "seenAt" from api_key_change
      where api_key_id = $1 order by api_key_change_id`,
    [apiKeyId],
  );
  return rows;
}
