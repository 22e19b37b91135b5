import { createHash } from 'node:crypto';
import { z } from 'zod';
import { makeMeasure, type Policy } from './policy.ts';

/** A policy as JSON can hold it: amounts are decimal strings. */
export type PolicyJson = Omit<Policy, 'limits'> & {
  limits: (Omit<Policy['limits'][number], 'amount'> & { amount: string })[];
};

/** Written by Bursar, read by Bursar: anything else is a damaged version. */
export class PolicyJsonError extends Error {
  override readonly name = 'PolicyJsonError';
}

const name = z.string().min(1);
const ms = z.int().min(0);

const storedLimit = z.strictObject({
  name,
  measure: z.strictObject({
    id: name,
    select: z.union([
      z.strictObject({ key: name }),
      z.strictObject({ role: name }),
      z.strictObject({ workspace: name }),
      z.strictObject({ service: name }),
    ]),
    each: z.enum(['key', 'together']),
    metric: z.enum(['cost', 'tokens', 'requests']),
    period: z.enum(['minute', 'hour', 'day', 'week', 'month', 'quarter', 'year', 'total', 'sliding_minute']),
    timezone: name,
  }),
  amount: z
    .string()
    .regex(/^[1-9]\d*$/)
    .transform(BigInt),
  warnAtPercent: z.array(z.int().min(1).max(99)),
  onBreach: z.enum(['alert', 'suspend']),
  resume: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('next_period') }),
    z.strictObject({ kind: z.literal('after'), ms }),
    z.strictObject({ kind: z.literal('manual') }),
  ]),
  afterMs: ms,
});

const storedKey = z.strictObject({
  name,
  service: name,
  owner: name,
  environment: name,
  role: name,
  costCenter: z.string().exactOptional(),
  protected: z.boolean(),
  rotateEveryMs: ms,
  remindMs: z.array(ms),
  graceMs: ms,
});

const storedPolicy = z.strictObject({
  organization: z.strictObject({ name, timezone: name }),
  families: z.record(name, name),
  roles: z.record(
    name,
    z.strictObject({
      name,
      allowed: z.boolean(),
      models: z.array(name),
      maxTokens: z.int().min(1).exactOptional(),
      rpm: z.int().min(1).exactOptional(),
    }),
  ),
  environments: z.record(name, z.array(name)),
  keys: z.array(storedKey),
  events: z.strictObject({
    requireSignature: z.array(name),
    acceptUnsigned: z.boolean(),
  }),
  limits: z.array(storedLimit),
  enforcement: z.strictObject({
    mode: z.enum(['observe', 'auto']),
    caps: z.strictObject({
      per10Minutes: z.int().min(1),
      perHour: z.int().min(1),
      perDay: z.union([
        z.strictObject({ count: z.int().min(1) }),
        z.strictObject({ percent: z.int().min(1).max(100) }),
      ]),
    }),
  }),
});

/** The policy as plain JSON values, for a `jsonb` column or a message. */
export function policyToJson(policy: Policy): PolicyJson {
  return { ...policy, limits: policy.limits.map((limit) => ({ ...limit, amount: limit.amount.toString() })) };
}

/**
 * Reads what `policyToJson` wrote.
 * @throws PolicyJsonError when it is not a whole, consistent policy; nothing may be enforced from it.
 */
export function policyFromJson(json: unknown): Policy {
  const parsed = storedPolicy.safeParse(json);
  if (!parsed.success)
    throw new PolicyJsonError(`The stored policy is damaged; apply it again. ${z.prettifyError(parsed.error)}`);
  const forged = parsed.data.limits.find(({ measure }) => makeMeasure(measure).id !== measure.id);
  if (forged)
    throw new PolicyJsonError(
      `The stored policy is damaged; apply it again. The measure of "${forged.name}" does not fit its id.`,
    );
  return parsed.data;
}

/** SHA-256 (hex) over what a policy says. Comments, order of fields and spelled-out defaults in the file don't change it. */
export function policyContentHash(policy: Policy): string {
  const canonical = JSON.stringify(policyToJson(policy), (_, part: unknown) => {
    if (part === null || typeof part !== 'object' || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
  return createHash('sha256').update(canonical).digest('hex');
}
