import { insertFinding, resolveFindings } from '../inbox/finding.ts';
import type { Connection, Queryable } from '../pool.ts';
import { versionInForce } from './active-policy.ts';
import { MAY_BIND, SIGNING_ENTRIES } from './signing-entries.ts';

/** The common table `fitting`: each metered key with each listed one of its hint that it may be bound to under version $1. */
const FITTING = `${SIGNING_ENTRIES}, fitting as (
  select i.key_ref, i.declared_api_key_id, k.api_key_id, k.hint
    from key_identity i join api_key k on k.hint = i.hint left join entry e on e.name = k.name
   where ${MAY_BIND}
)`;

export type BindingCandidate = { keyRef: number; apiKeyId: string; basis: 'configured' | 'unique_hint' };

/**
 * Metered keys that can be bound to a key of the inventory now: the one that the emitter was told, when the hint agrees,
 * or the only one with the same hint, when no other metered key has that hint either. A key that the policy version gives
 * to a service that signs is bound to nothing but what that service vouches for.
 */
export async function unboundCandidates(db: Queryable, versionId: number | undefined): Promise<BindingCandidate[]> {
  const { rows } = await db.query<{ key_ref: number; api_key_id: string; basis: BindingCandidate['basis'] }>(
    `with ${FITTING}, free as (
       select f.* from fitting f
        where not exists (select 1 from key_binding b where b.key_ref = f.key_ref and b.unbound_at is null)
          and not exists (select 1 from key_binding b where b.api_key_id = f.api_key_id and b.unbound_at is null)
     ), candidate as (
       select key_ref, api_key_id, 'configured' as basis from free where api_key_id = declared_api_key_id
       union all
       select key_ref, api_key_id, 'unique_hint'
         from free
        where declared_api_key_id is null
          and (select count(*) from api_key k where k.hint = free.hint) = 1
          and (select count(*) from fitting other where other.api_key_id = free.api_key_id) = 1
     )
     select distinct on (api_key_id) key_ref, api_key_id, basis from candidate order by api_key_id, key_ref`,
    [versionId ?? null],
  );
  return rows.map((row) => ({ keyRef: row.key_ref, apiKeyId: row.api_key_id, basis: row.basis }));
}

/** Binds what can be bound. */
export async function bindKeys(connection: Connection, versionId: number | undefined): Promise<void> {
  for (const candidate of await unboundCandidates(connection, versionId)) {
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
    `with ${FITTING}
     select f.hint from fitting f
      where not exists (select 1 from key_binding b where b.key_ref = f.key_ref and b.unbound_at is null)
        and ((select count(*) from api_key k where k.hint = f.hint) > 1
             or (select count(distinct other.key_ref) from fitting other where other.hint = f.hint) > 1)
      group by f.hint order by f.hint`,
    [await versionInForce(db)],
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
