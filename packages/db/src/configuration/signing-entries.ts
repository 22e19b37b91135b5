/**
 * The common tables of a policy version ($1): `signing` says who must sign (`rule`: services, or `*`), `entry` has
 * each key's name and service, and whether that service signs. No version: an empty rule, no entry.
 */
export const SIGNING_ENTRIES = `signing as (
  select coalesce((select policy #> '{events,requireSignature}' from policy_version where policy_version_id = $1::integer), '[]') as rule
), entry as (
  select distinct on (e ->> 'name') e ->> 'name' as name, e ->> 'service' as service,
         rule ? '*' or rule ? (e ->> 'service') as signs
    from signing, policy_version v, jsonb_array_elements(v.policy -> 'keys') e
   where v.policy_version_id = $1::integer
)`;

/** Whether identity `i` may be bound to a listed key whose entry `e` (or none) belongs to a service. */
export const MAY_BIND = `(i.vouched_by is not null
  and (e.service is null or i.vouched_by = case when e.signs then e.service else '' end))`;
