import type { Finding } from '@bursar/db/inbox/finding';
import type { Policy, Role } from '@bursar/policy/policy';
import type { PricedRecord } from './price-records.ts';

const SNAPSHOT_DATE = /-\d{8}$/;

/**
 * What is wrong with requests that counted, though no limit broke: models without a price, and calls that the caller's
 * role does not allow. The guard refuses such calls where it is installed; the ledger sees those it let through. Pure.
 */
export function remarksOn(records: readonly PricedRecord[], policy: Policy | undefined): Finding[] {
  return records.flatMap((record) => {
    const unpriced = record.dimension.price_row === 'unknown' ? [unknownModel(record)] : [];
    const wasServed = record.event.data.usage !== undefined;
    return policy && wasServed ? [...unpriced, ...roleRemarks(record, policy)] : unpriced;
  });
}

function unknownModel({ dimension: { model } }: PricedRecord): Finding {
  return {
    kind: 'unknown_model',
    subject: model,
    sentence: `The price book had no price for a request of ${model} (model, speed, prompt length and time); its tokens are counted at the dearest price, marked provisional.`,
  };
}

function roleRemarks({ event, dimension }: PricedRecord, policy: Policy): Finding[] {
  const { service, role: roleName, maxTokens } = event.data;
  const subject = (what: string) => `${service}/${roleName}/${what}`;
  const role = Object.hasOwn(policy.roles, roleName) ? policy.roles[roleName] : undefined;
  if (role === undefined) {
    return [
      {
        kind: 'unknown_role',
        subject: `${service}/${roleName}`,
        sentence: `${service} calls as ${roleName}, a role that the policy does not have. Add it to roles, or correct the meter's role.`,
      },
    ];
  }
  const remarks: Finding[] = [];
  if (!mayCall(role, dimension.model, policy.families)) {
    const allowed = role.allowed && role.models.length > 0 ? role.models.join(', ') : 'none';
    remarks.push({
      kind: 'model_not_allowed',
      subject: subject(dimension.model),
      sentence: `${service} called ${dimension.model} as ${roleName}; models of that role: ${allowed}.`,
    });
  }
  const sent = maxTokens.sent ?? maxTokens.requested ?? 0;
  if (role.maxTokens !== undefined && sent > role.maxTokens) {
    remarks.push({
      kind: 'max_tokens_above_role',
      subject: subject('max_tokens'),
      sentence: `${service} asked for max_tokens ${sent} as ${roleName}; the role's cap is ${role.maxTokens}.`,
    });
  }
  return remarks;
}

/** A family name stands for the model that the policy pins; a model id also for its dated snapshots. */
function mayCall(role: Role, model: string, families: Policy['families']): boolean {
  if (!role.allowed) return false;
  const base = model.replace(SNAPSHOT_DATE, '');
  return role.models.some((name) => {
    const allowed = Object.hasOwn(families, name) ? families[name] : name;
    return allowed === '*' || allowed === model || allowed === base;
  });
}
