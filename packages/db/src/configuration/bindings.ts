import { insertFinding } from '../inbox/finding.ts';
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

/** Binds what can be bound and records what can't as findings. */
export async function bindKeys(connection: Connection): Promise<void> {
  for (const candidate of await unboundCandidates(connection)) {
    await connection.query('insert into key_binding (key_ref, api_key_id, basis) values ($1, $2, $3)', [
      candidate.keyRef,
      candidate.apiKeyId,
      candidate.basis,
    ]);
  }
  const { rows } = await connection.query<{ hint: string; keys: string }>(
    `select i.hint, count(*) as keys from key_identity i
      where exists (select 1 from api_key k where k.hint = i.hint)
        and not exists (select 1 from key_binding b where b.key_ref = i.key_ref and b.unbound_at is null)
      group by i.hint order by i.hint`,
  );
  for (const row of rows) {
    await insertFinding(connection, {
      kind: 'ambiguous_key',
      subject: row.hint,
      sentence: `The hint ${row.hint} fits more than one key, so its requests are bound to none of them. Tell the emitter its key id (keyId).`,
    });
  }
}

/** The workspace of each bound key, by key_ref: where a response does not name one. */
export async function boundWorkspaces(db: Queryable): Promise<Map<number, string>> {
  const { rows } = await db.query<{ key_ref: number; workspace_id: string }>(
    `select b.key_ref, k.workspace_id from key_binding b join api_key k using (api_key_id)
      where b.unbound_at is null and k.workspace_id is not null`,
  );
  return new Map(rows.map((row) => [row.key_ref, row.workspace_id]));
}
