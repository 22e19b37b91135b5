import type { Queryable } from '../pool.ts';

export type PinnedOrganization = {
  organizationId: string;
  name: string;
  pinnedAt: Date;
  /** The database's clock: what this sync lists was seen at or after this instant. */
  now: Date;
};

/** Pins the installation to its first organization, for good. Returns the pinned one, which may be another. */
export async function pinOrganization(
  db: Queryable,
  organization: { organizationId: string; name: string },
): Promise<PinnedOrganization> {
  const { rows } = await db.query<{ organization_id: string; name: string; pinned_at: Date; now: Date }>(
    `insert into organization as pinned (organization_id, name) values ($1, $2)
     on conflict (only_row) do update
     set name = case when pinned.organization_id = excluded.organization_id then excluded.name else pinned.name end
     returning organization_id, name, pinned_at, clock_timestamp() as now`,
    [organization.organizationId, organization.name],
  );
  const row = rows[0]!;
  return { organizationId: row.organization_id, name: row.name, pinnedAt: row.pinned_at, now: row.now };
}
