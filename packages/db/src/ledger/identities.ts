import type { Queryable } from '../pool.ts';

/** A key as one speaker tells of it; `vouchedBy` is '' for records that need no signature. */
export type Claim = { sha256: string; vouchedBy: string };
export type KeySighting = Claim & { hint: string; declaredApiKeyId: string | null };

/** One text per claim, to look its key_ref up by. */
export function claimName({ sha256, vouchedBy }: Claim): string {
  return vouchedBy === '' ? sha256 : `${sha256}/${vouchedBy}`;
}

/** The key_ref of each claimed key, by the claim's name; those made for the first time get one. */
export async function ensureKeyRefs(db: Queryable, sightings: readonly KeySighting[]): Promise<Map<string, number>> {
  const sorted = [...sightings].sort((a, b) => (claimName(a) < claimName(b) ? -1 : 1));
  const { rows } = await db.query<Claim & { key_ref: number }>(
    `with given as (
       select decode(sha256, 'hex') as sha256, vouched_by, hint, declared
         from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as given (sha256, vouched_by, hint, declared)
     ), made as (
       insert into key_identity (sha256, vouched_by, hint, declared_api_key_id)
       select sha256, vouched_by, hint, declared from given
       where not exists (select 1 from key_identity known
                          where known.sha256 = given.sha256 and known.vouched_by = given.vouched_by)
       order by sha256, vouched_by
       on conflict (sha256, vouched_by) do update set hint = excluded.hint
       returning sha256, vouched_by, key_ref
     )
     select encode(sha256, 'hex') as sha256, vouched_by as "vouchedBy", key_ref from made
     union
     select encode(known.sha256, 'hex'), known.vouched_by, known.key_ref
       from key_identity known join given using (sha256, vouched_by)`,
    [
      sorted.map((key) => key.sha256),
      sorted.map((key) => key.vouchedBy),
      sorted.map((key) => key.hint),
      sorted.map((key) => key.declaredApiKeyId),
    ],
  );
  return new Map(rows.map((row) => [claimName(row), row.key_ref]));
}
