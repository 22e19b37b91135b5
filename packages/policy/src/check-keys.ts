import { duplicateNames, listAt, mapAt, type Names, type RawMap, type Remark, texts } from './raw-policy.ts';
import { DEFAULT_ROTATION } from './rotation-defaults.ts';
import { parseDuration } from './units.ts';
import { didYouMean, shown } from './wanted.ts';

/** What is wrong between a key entry and the rest of the file. */
export function checkKeys(raw: unknown, names: Names): Remark[] {
  const keys = mapAt(raw, 'keys');
  const entries = listAt(keys, 'entries');
  const remarks = duplicateNames(entries, ['keys', 'entries']);
  for (const [i, entry] of entries.entries()) {
    const path = ['keys', 'entries', i];
    const fields = mapAt(entry);
    remarks.push(...checkReference(fields, 'environment', names.environments, path));
    remarks.push(...checkReference(fields, 'role', names.roles, path));
    remarks.push(...checkReminders(fields, mapAt(keys, 'defaults'), path));
  }
  return remarks;
}

function checkReference(fields: RawMap, field: string, known: readonly string[], path: Remark['path']): Remark[] {
  const name = fields[field];
  if (typeof name !== 'string' || known.includes(name)) return [];
  return [{ path: [...path, field], message: `is ${shown(name)}, an unknown ${field}${didYouMean(name, known)}` }];
}

function checkReminders(fields: RawMap, defaults: RawMap, path: Remark['path']): Remark[] {
  const rotateEvery = fields['rotate_every'] ?? defaults['rotate_every'];
  const rotateEveryMs = typeof rotateEvery === 'string' ? parseDuration(rotateEvery) : DEFAULT_ROTATION.rotateEveryMs;
  const remindMs = texts(fields['remind'] ?? defaults['remind']).map((text) => parseDuration(text) ?? 0);
  if (rotateEveryMs === undefined || remindMs.every((ms) => ms < rotateEveryMs)) return [];
  return [{ path, message: 'has a reminder due before the key is made; remind must be shorter than rotate_every' }];
}
