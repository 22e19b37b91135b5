import type { Queryable } from '../pool.ts';

/** A metered key, the inventory's key that it is bound to, and where that one stands. */
export type KeyTarget = {
  /** null when no metered key is bound to the inventory's key */
  keyRef: number | null;
  sha256: string | null;
  /** The service that signs what is told of the metered key; '' or null when nobody does */
  vouchedBy: string | null;
  hint: string | null;
  basis: 'configured' | 'unique_hint' | 'person' | null;
  /** null when the metered key is bound to nothing */
  apiKeyId: string | null;
  /** Name, status and creation are null when the inventory does not know the key. */
  name: string | null;
  status: 'active' | 'inactive' | 'archived' | 'expired' | null;
  createdAt: Date | null;
  goneAt: Date | null;
  workspaceName: string | null;
};

const COLUMNS = `i.key_ref as "keyRef", encode(i.sha256, 'hex') as sha256, i.vouched_by as "vouchedBy", coalesce(i.hint, a.hint) as hint, b.basis,
  coalesce(b.api_key_id, a.api_key_id) as "apiKeyId", a.name, a.status, a.created_at as "createdAt", a.gone_at as "goneAt",
  w.name as "workspaceName"`;

/** What each metered key is bound to. */
export async function keyTargets(db: Queryable, keyRefs: readonly number[]): Promise<KeyTarget[]> {
  const { rows } = await db.query<KeyTarget>(
    `select ${COLUMNS}
       from key_identity i
       left join key_binding b on b.key_ref = i.key_ref and b.unbound_at is null
       left join api_key a on a.api_key_id = b.api_key_id
       left join workspace w on w.workspace_id = a.workspace_id
      where i.key_ref = any ($1::integer[])
      order by i.key_ref`,
    [keyRefs],
  );
  return rows;
}

/** A key of the inventory, and the metered key that is bound to it. */
export async function apiKeyTarget(db: Queryable, apiKeyId: string): Promise<KeyTarget | undefined> {
  const { rows } = await db.query<KeyTarget>(
    `select ${COLUMNS}
       from api_key a
       left join key_binding b on b.api_key_id = a.api_key_id and b.unbound_at is null
       left join key_identity i on i.key_ref = b.key_ref
       left join workspace w on w.workspace_id = a.workspace_id
      where a.api_key_id = $1`,
    [apiKeyId],
  );
  return rows[0];
}

export type Contribution = {
  selectKind: 'role' | 'workspace' | 'service';
  /** Names of roles or services, or workspace ids. */
  selected: readonly string[];
  windowStart: Date;
  windowEnd: Date;
  /** Quarter hours can't tell the keys of one minute apart. */
  resolution: 'minute' | 'quarter_hour';
};

const SELECTED_COLUMN = { role: 'role', workspace: 'workspace_id', service: 'service' } as const;
const CUBE = { minute: 'usage_minute', quarter_hour: 'usage_quarter_hour' } as const;

/** The metered keys whose usage is part of a window that counts several keys together. */
export async function contributingKeys(db: Queryable, sum: Contribution): Promise<number[]> {
  const { rows } = await db.query<{ keyRef: number }>(
    `select distinct d.key_ref as "keyRef"
       from ${CUBE[sum.resolution]} u
       join dimension d using (dimension_id)
      where u.bucket >= $1 and u.bucket < $2 and d.${SELECTED_COLUMN[sum.selectKind]} = any ($3::text[])
      order by d.key_ref`,
    [sum.windowStart, sum.windowEnd, sum.selected],
  );
  return rows.map((row) => row.keyRef);
}

/** Whether a metered key was used in the last hour. */
export async function hasRecentTraffic(db: Queryable, keyRef: number): Promise<boolean> {
  const { rows } = await db.query<{ found: boolean }>(
    `select exists (
       select from usage_minute u join dimension d using (dimension_id)
        where u.bucket > clock_timestamp() - interval '1 hour' and d.key_ref = $1) as found`,
    [keyRef],
  );
  return rows[0]?.found === true;
}

/** Whether another active key of the inventory was used for this service in the last hour. */
export async function successorSeen(db: Queryable, service: string, apiKeyId: string): Promise<boolean> {
  const { rows } = await db.query<{ found: boolean }>(
    `select exists (
       select from usage_minute u
         join dimension d using (dimension_id)
         join key_binding b on b.key_ref = d.key_ref and b.unbound_at is null
         join api_key a on a.api_key_id = b.api_key_id
        where u.bucket > clock_timestamp() - interval '1 hour' and d.service = $1
          and a.api_key_id <> $2 and a.status = 'active' and a.gone_at is null) as found`,
    [service, apiKeyId],
  );
  return rows[0]?.found === true;
}
