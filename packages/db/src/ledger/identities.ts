import type { Queryable } from '../pool.ts';

export type KeySighting = { sha256: string; hint: string; declaredApiKeyId: string | null };

/** The key_ref of each key, by its hash in hex; keys seen for the first time get one. */
export async function ensureKeyRefs(db: Queryable, sightings: readonly KeySighting[]): Promise<Map<string, number>> {
  const sorted = [...sightings].sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
  const { rows } = await db.query<{ sha256: string; key_ref: number }>(
    `with given as (
       select decode(sha256, 'hex') as sha256, hint, declared
         from unnest($1::text[], $2::text[], $3::text[]) as given (sha256, hint, declared)
     ), made as (
       insert into key_identity (sha256, hint, declared_api_key_id)
       select sha256, hint, declared from given
       where not exists (select 1 from key_identity known where known.sha256 = given.sha256)
       on conflict (sha256) do update set hint = excluded.hint
       returning sha256, key_ref
     )
     select encode(sha256, 'hex') as sha256, key_ref from made
     union
     select encode(known.sha256, 'hex'), known.key_ref from key_identity known join given using (sha256)`,
    [sorted.map((key) => key.sha256), sorted.map((key) => key.hint), sorted.map((key) => key.declaredApiKeyId)],
  );
  return new Map(rows.map((row) => [row.sha256, row.key_ref]));
}
