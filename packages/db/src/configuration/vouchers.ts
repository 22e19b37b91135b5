import type { Connection } from '../pool.ts';
import { MAY_BIND, SIGNING_ENTRIES } from './signing-entries.ts';

/**
 * Gives identities to the services that vouch for them under a policy version, so that a key keeps its sums when its
 * service begins to sign, or stops. Within an activation: no batch is in flight.
 */
export async function settleVouchers(connection: Connection, versionId: number): Promise<void> {
  await releaseIdentities(connection, versionId);
  await adoptIdentities(connection, versionId);
  await unbindForeign(connection, versionId);
}

/** Who need not sign any more shares one identity per key again: the one that is bound, else the unsigned, else the oldest. */
async function releaseIdentities(connection: Connection, versionId: number): Promise<void> {
  const ranked = `with ${SIGNING_ENTRIES}, ranked as (
    select i.key_ref, row_number() over (partition by i.sha256
             order by b.key_ref is not null desc, i.vouched_by = '' desc, i.key_ref) as place
      from signing, key_identity i left join key_binding b on b.key_ref = i.key_ref and b.unbound_at is null
     where i.vouched_by = '' or not (rule ? '*' or rule ? i.vouched_by)
  )`;
  await connection.query(
    `${ranked} update key_identity i set vouched_by = null from ranked r where r.key_ref = i.key_ref and place > 1`,
    [versionId],
  );
  await connection.query(
    `${ranked} update key_identity i set vouched_by = '' from ranked r where r.key_ref = i.key_ref and i.vouched_by <> ''`,
    [versionId],
  );
}

/** A key that only the signing service has used so far, or that is its own by binding and that it has used, becomes its own. */
async function adoptIdentities(connection: Connection, versionId: number): Promise<void> {
  await connection.query(
    `with ${SIGNING_ENTRIES}, heir as (
       select i.key_ref, i.sha256,
              case when e.service is not null then case when bool_or(d.service = e.service) then e.service end
                   when count(distinct d.service) = 1 then min(d.service) end as service
         from key_identity i join dimension d using (key_ref)
         left join key_binding b on b.key_ref = i.key_ref and b.unbound_at is null
         left join api_key k on k.api_key_id = b.api_key_id
         left join entry e on e.name = k.name
        where i.vouched_by = '' and (select rule from signing) <> '[]'
        group by i.key_ref, i.sha256, e.service
     )
     update key_identity i set vouched_by = heir.service
       from heir, signing
      where heir.key_ref = i.key_ref and (rule ? '*' or rule ? heir.service)
        and not exists (select from key_identity other where other.sha256 = i.sha256 and other.vouched_by = heir.service)`,
    [versionId],
  );
}

/** What was bound before signatures were asked for and is not vouched for makes room. What a person bound stays. */
async function unbindForeign(connection: Connection, versionId: number): Promise<void> {
  await connection.query(
    `with ${SIGNING_ENTRIES}
     update key_binding b set unbound_at = clock_timestamp()
       from key_identity i, api_key k join entry e on e.name = k.name
      where b.unbound_at is null and b.basis <> 'person' and i.key_ref = b.key_ref and k.api_key_id = b.api_key_id
        and not ${MAY_BIND}`,
    [versionId],
  );
}
