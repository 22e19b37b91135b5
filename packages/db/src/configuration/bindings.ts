import { insertFinding, resolveFindings } from '../inbox/finding.ts';
import type { Connection, Queryable } from '../pool.ts';

export type BindingCandidate = { keyRef: number; apiKeyId: string; basis: 'configured' | 'unique_hint' };

/**
 * Metered keys that can be bound to a key of the inventory now: the one that the emitter was told, when the hint agrees,
 * or the only one with the same hint, when no other metered key has that hint either.
 */
export async function unboundCandidates(db: Queryable): Promise<BindingCandidate[]> {
  const { rows } = await db.query<{ key_ref: number; api_key_id: string; basis: BindingCandidate['basis'] }>(
    `with unbound as (
       select i.* from key_identity i
        where not exists (select 1 from key_binding b where b.key_ref = i.key_ref and b.unbound_at is null)
     ), free as (
       select k.* from api_key k
        where not exists (select 1 from key_binding b where b.api_key_id = k.api_key_id and b.unbound_at is null)
     ), candidate as (
       select u.key_ref, f.api_key_id, 'configured' as basis
         from unbound u join free f on f.api_key_id = u.declared_api_key_id and f.hint = u.hint
       union all
       select u.key_ref, f.api_key_id, 'unique_hint'
         from unbound u join free f on f.hint = u.hint
        where u.declared_api_key_id is null
          and (select count(*) from api_key k where k.hint = u.hint) = 1
          and (select count(*) from key_identity i where i.hint = u.hint) = 1
     )
     select distinct on (api_key_id) key_ref, api_key_id, basis from candidate order by api_key_id, key_ref`,
  );
  return rows.map((row) => ({ keyRef: row.key_ref, apiKeyId: row.api_key_id, basis: row.basis }));
}

/** Binds what can be bound. */
export async function bindKeys(connection: Connection): Promise<void> {
  for (const candidate of await unboundCandidates(connection)) {
    await connection.query('insert into key_binding (key_ref, api_key_id, basis) values ($1, $2, $3)', [
      candidate.keyRef,
      candidate.apiKeyId,
      candidate.basis,
    ]);
  }
}

/**
 * The hints of metered keys that are bound to nothing because the hint fits more than one key, metered or listed.
 * Such traffic counts for role, service and workspace, but for no key: a person must say which key it is.
 */
export async function ambiguousHints(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ hint: string }>(
    `select i.hint from key_identity i
      where not exists (select 1 from key_binding b where b.key_ref = i.key_ref and b.unbound_at is null)
        and exists (select 1 from api_key k where k.hint = i.hint)
        and ((select count(*) from api_key k where k.hint = i.hint) > 1
             or (select count(*) from key_identity other where other.hint = i.hint) > 1)
      group by i.hint order by i.hint`,
  );
  return rows.map((row) => row.hint);
}

/** Makes the open findings of ambiguous keys those of these hints. */
export async function recordAmbiguousHints(db: Queryable, hints: readonly string[]): Promise<void> {
  for (const hint of hints) {
    await insertFinding(db, {
      kind: 'ambiguous_key',
      subject: hint,
      sentence: `The hint ${hint} fits more than one key, so some of its requests are bound to none. Tell the emitters their key id (keyId).`,
    });
  }
  await resolveFindings(db, 'ambiguous_key', hints);
}

/** The workspace of each bound key, by key_ref: where a response does not name one. */
export async function boundWorkspaces(db: Queryable): Promise<Map<number, string>> {
  const { rows } = await db.query<{ key_ref: number; workspace_id: string }>(
    `select b.key_ref, k.workspace_id from key_binding b join api_key k using (api_key_id)
      where b.unbound_at is null and k.workspace_id is not null`,
  );
  return new Map(rows.map((row) => [row.key_ref, row.workspace_id]));
}
