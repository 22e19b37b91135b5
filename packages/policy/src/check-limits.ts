import { ROLE_RATE_PREFIX } from './build-policy.ts';
import { duplicateNames, listAt, mapAt, type Names, type RawMap, type Remark, texts } from './raw-policy.ts';
import { didYouMean, notBuilt, shown } from './wanted.ts';

const SELECTORS = ['key', 'role', 'workspace', 'service'] as const;
/** Selectors of later versions; the shape refuses them, so that they don't count as a missing one here. */
const PLANNED_SELECTORS = ['principal', 'tag'] as const;
const AMOUNTS = ['budget', 'rpm', 'tpm'] as const;

type LimitPlace = { fields: RawMap; path: Remark['path'] };

/** What is wrong inside a limit, or between a limit and the rest of the file. */
export function checkLimits(raw: unknown, names: Names): Remark[] {
  const limits = listAt(mapAt(raw), 'limits');
  const remarks = duplicateNames(limits, ['limits']);
  for (const [i, limit] of limits.entries()) {
    const place = { fields: mapAt(limit), path: ['limits', i] };
    remarks.push(
      ...checkName(place),
      ...checkSelector(place, names),
      ...checkAmount(place),
      ...checkResume(place),
      ...checkProtected(place, raw),
    );
  }
  return remarks;
}

function checkName({ fields, path }: LimitPlace): Remark[] {
  const { name } = fields;
  if (typeof name !== 'string' || !name.startsWith(ROLE_RATE_PREFIX)) return [];
  return [
    { path: [...path, 'name'], message: `is ${shown(name)}, a name kept for the rates of roles; choose another` },
  ];
}

function checkSelector(place: LimitPlace, names: Names): Remark[] {
  const { fields, path } = place;
  const kinds = SELECTORS.filter((kind) => fields[kind] !== undefined);
  if (kinds.length === 0 && PLANNED_SELECTORS.some((kind) => fields[kind] !== undefined)) return [];
  if (kinds.length !== 1) {
    const message = kinds.length === 0 ? 'selects nothing' : `selects by ${kinds.join(' and ')}`;
    return [{ path, message: `${message}; write exactly one of key, role, workspace, service` }];
  }
  const [kind] = kinds as [(typeof SELECTORS)[number]];
  const remarks = checkSelected(place, kind, names[`${kind}s`]);
  if (kind === 'key' && fields['each'] === 'key') {
    remarks.push({ path: [...path, 'each'], message: 'is key, but the limit is for one key already; leave it out' });
  }
  return remarks;
}

function checkSelected({ fields, path }: LimitPlace, kind: (typeof SELECTORS)[number], known: string[]): Remark[] {
  const name = fields[kind];
  const at = [...path, kind];
  if (typeof name !== 'string' || known.includes(name)) return [];
  if (kind === 'role' && name === '*') {
    return fields['each'] === 'key' ? [] : [{ path: at, message: 'is "*", which needs each: key beside it' }];
  }
  if (/[*?]/.test(name)) return [{ path: at, message: `is ${shown(name)} and ${notBuilt('selecting by pattern')}` }];
  return [{ path: at, message: `is ${shown(name)}, an unknown ${kind}${didYouMean(name, known)}` }];
}

function checkAmount({ fields, path }: LimitPlace): Remark[] {
  const amounts = AMOUNTS.filter((amount) => fields[amount] !== undefined);
  if (amounts.length !== 1) {
    const message = amounts.length === 0 ? 'has no amount' : `has ${amounts.join(' and ')}`;
    return [{ path, message: `${message}; write exactly one of budget, rpm, tpm` }];
  }
  const [amount] = amounts;
  if (amount === 'budget') {
    const remarks: Remark[] = [];
    if (fields['period'] === undefined && fields['rolling'] === undefined)
      remarks.push({ path, message: 'has a budget but no period; write period: month, for example' });
    if (fields['after'] !== undefined) {
      remarks.push({
        path: [...path, 'after'],
        at: 'key',
        message: 'is for rates (rpm, tpm); a budget acts when it is reached',
      });
    }
    return remarks;
  }
  return ['period', 'timezone']
    .filter((field) => fields[field] !== undefined)
    .map((field) => ({ path: [...path, field], at: 'key', message: `is for budgets; ${amount} is always per minute` }));
}

function checkResume({ fields, path }: LimitPlace): Remark[] {
  if (fields['resume'] !== 'next_period') return [];
  const endless = fields['period'] === 'total' ? 'a total' : fields['budget'] === undefined ? 'a rate' : undefined;
  if (!endless) return [];
  return [
    { path: [...path, 'resume'], message: `is next_period, but ${endless} has none; write a duration or manual` },
  ];
}

/** A limit that would suspend only keys which are never suspended can't do what it says. */
function checkProtected({ fields, path }: LimitPlace, raw: unknown): Remark[] {
  if (fields['on_breach'] !== 'suspend') return [];
  const selected = listAt(mapAt(raw, 'keys'), 'entries')
    .map((entry) => mapAt(entry))
    .filter((entry) => selects(fields, entry, raw));
  if (selected.length === 0 || !selected.every((entry) => entry['protected'] === true)) return [];
  const keys = selected.map((entry) => String(entry['name'])).join(', ');
  return [
    { path: [...path, 'on_breach'], message: `is suspend, but all it selects is protected (${keys}); write alert` },
  ];
}

function selects(limit: RawMap, entry: RawMap, raw: unknown): boolean {
  if (limit['key'] !== undefined) return entry['name'] === limit['key'];
  if (limit['role'] !== undefined) return limit['role'] === '*' || entry['role'] === limit['role'];
  if (limit['service'] !== undefined) return entry['service'] === limit['service'];
  const workspaces = mapAt(raw, 'environments')[String(entry['environment'])];
  return texts(workspaces).includes(String(limit['workspace']));
}
