import type { Breach, Measured } from '@bursar/db/enforcement/breach';
import { apiKeyTarget, contributingKeys, type KeyTarget, keyTargets } from '@bursar/db/enforcement/key-target';
import type { Queryable } from '@bursar/db/pool';

/** A breach that reaches no key it could name. That is never taken for "all keys". */
export class NoTargetError extends Error {
  override readonly name = 'NoTargetError';
}

/** The keys that a breach reaches, at least one; of a breach that was reopened those that it was reopened for. Throws NoTargetError. */
export async function targetsOf(db: Queryable, breach: Breach): Promise<KeyTarget[]> {
  const targets =
    breach.measure === null ? await rotationTarget(db, breach) : await limitTargets(db, breach, breach.measure);
  if (targets.length === 0)
    throw new NoTargetError(`breach ${breach.breachId} of ${breach.rule} names no key that exists`);
  const { reopenedFor } = breach;
  return reopenedFor === null
    ? targets
    : targets.filter(({ keyRef }) => keyRef !== null && reopenedFor.includes(keyRef));
}

async function rotationTarget(db: Queryable, breach: Breach): Promise<KeyTarget[]> {
  const target = await apiKeyTarget(db, breach.subject);
  return target === undefined ? [] : [target];
}

async function limitTargets(db: Queryable, breach: Breach, measure: Measured): Promise<KeyTarget[]> {
  if (measure.eachKind === 'key') return keyTargets(db, keyRefs([breach.subject], breach));
  if (measure.selectKind === 'key') return keyTargets(db, keyRefs(measure.resolved ?? [], breach));
  const contributors = await contributingKeys(db, {
    selectKind: measure.selectKind,
    selected: measure.selectKind === 'workspace' ? (measure.resolved ?? []) : [measure.selectName],
    windowStart: breach.windowStart,
    windowEnd: breach.windowEnd,
    resolution: ['minute', 'sliding_minute'].includes(measure.period) ? 'minute' : 'quarter_hour',
  });
  return keyTargets(db, contributors);
}

function keyRefs(texts: readonly string[], breach: Breach): number[] {
  return texts.map((text) => {
    if (!/^\d{1,10}$/.test(text)) throw new NoTargetError(`breach ${breach.breachId} names "${text}", which is no key`);
    return Number(text);
  });
}
