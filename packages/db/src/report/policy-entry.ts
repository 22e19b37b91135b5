/** The common table `entry`: each entry `e` (JSON) of the keys section of the policy in force, one per key name. */
export const POLICY_ENTRY = `entry as (
  select distinct on (e->>'name') e from configuration_epoch
    join policy_version using (policy_version_id), jsonb_array_elements(policy->'keys') e
)`;
