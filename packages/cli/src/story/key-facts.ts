import type { KeyRow } from '@bursar/db/report/keys';
import { type Line, type Tone, toned } from '../output/terminal.ts';
import { relativeText, utcText } from '../output/time-text.ts';

export function statusTone({ status, goneAt }: Pick<KeyRow, 'status' | 'goneAt'>): Tone {
  if (status === null || goneAt !== null) return 'warning';
  return status === 'active' ? 'good' : 'bad';
}

/** What is so about a key now, a line per fact; what is not known has no line. */
export function keyFacts(key: KeyRow, now: Date): Line[] {
  const status = key.goneAt
    ? `gone from the inventory since ${utcText(key.goneAt)}`
    : (key.status ?? 'not in the inventory');
  const facts: [title: string, text: string | undefined][] = [
    ['hint', key.hint ?? undefined],
    ['id', key.apiKeyId ?? undefined],
    ['sha-256', key.sha256 ?? undefined],
    ['workspace', key.workspace ?? key.workspaceId ?? undefined],
    ['policy', policyText(key)],
    ['bound', bindingText(key)],
    ['made', madeText(key, now)],
    [
      'rotation',
      key.rotationDueAt ? `due ${utcText(key.rotationDueAt)}, ${relativeText(key.rotationDueAt, now)}` : undefined,
    ],
    ['wanted', controlText(key, now)],
    [
      'held for',
      key.holds.map(({ cause, rule, state }) => `${cause} ${rule} (${state.replace('_', ' ')})`).join('; ') ||
        undefined,
    ],
    ['last used', lastUseText(key, now)],
  ];
  const head: Line = [toned('strong', key.name ?? key.hint ?? 'unknown key'), ' · ', toned(statusTone(key), status)];
  const known = facts.flatMap(([title, text]) => (text === undefined ? [] : [factLine(title, text)]));
  return [head, ...known];
}

function factLine(title: string, text: string): Line {
  return [toned('quiet', `  ${title.padEnd(10)}`), text];
}

function policyText({ name, service, role, owner, environment, protected: isProtected }: KeyRow): string | undefined {
  if (service === null) return name === null ? undefined : 'not named in the policy';
  const kept = isProtected ? '; protected: never switched off by Bursar' : '';
  return `service ${service}, role ${role}, ${environment}, owned by ${owner}${kept}`;
}

function bindingText({ keyRef, apiKeyId, basis, boundAt }: KeyRow): string | undefined {
  if (keyRef === null) return 'no request of it was counted yet';
  if (apiKeyId === null || boundAt === null)
    return 'to no key of the inventory; it counts for role, service and workspace limits';
  return `since ${utcText(boundAt)}, by ${BASIS[basis ?? ''] ?? basis}`;
}

/** Why we believe that a metered key is this key of the inventory. */
export const BASIS: Record<string, string> = {
  configured: 'the id that its service configures',
  unique_hint: 'its hint alone, which no other key has',
  person: 'a person',
};

function madeText({ createdAt, createdBy, principal, expiresAt }: KeyRow, now: Date): string | undefined {
  if (createdAt === null) return undefined;
  const by = createdBy === null ? '' : ` by ${createdBy}`;
  const expires = expiresAt === null ? '' : `; expires ${relativeText(expiresAt, now)}`;
  return `${utcText(createdAt)}${by}${principal === null ? '' : ` for ${principal}`}${expires}`;
}

function controlText({ wanted, observed, observedAt }: KeyRow, now: Date): string | undefined {
  if (wanted === null) return undefined;
  const seen = observedAt === null ? 'not yet asked' : `read back as ${observed} ${relativeText(observedAt, now)}`;
  return `${wanted}; ${seen}`;
}

/** The cubes know the minute of the last use, not its second. */
export function lastUseText({ lastUsedAt, keyRef }: KeyRow, now: Date): string {
  if (lastUsedAt === null) return keyRef === null ? 'never seen' : 'over 35 d ago';
  return now.getTime() - lastUsedAt.getTime() < 2 * 60_000 ? 'within 2 min' : relativeText(lastUsedAt, now);
}
