import { checkEvents } from './check-events.ts';
import { checkKeys } from './check-keys.ts';
import { checkLimits } from './check-limits.ts';
import { listAt, mapAt, type Names, type Remark, texts } from './raw-policy.ts';
import { didYouMean, shown } from './wanted.ts';

/**
 * Finds what is wrong between fields: unknown references, duplicates, contradictions. Works on the raw values of the
 * file and passes over anything of the wrong type (the shape reports it), so that one mistake does not hide another.
 */
export function checkPolicy(raw: unknown): Remark[] {
  const names = namesIn(raw);
  return [
    ...checkProtoNames(raw),
    ...checkRoles(raw, names),
    ...checkEnvironments(raw),
    ...checkKeys(raw, names),
    ...checkEvents(raw, names),
    ...checkLimits(raw, names),
  ];
}

function namesIn(raw: unknown): Names {
  const entries = listAt(mapAt(raw, 'keys'), 'entries');
  return {
    roles: Object.keys(mapAt(raw, 'roles')),
    families: Object.keys(mapAt(raw, 'families')),
    environments: Object.keys(mapAt(raw, 'environments')),
    workspaces: Object.values(mapAt(raw, 'environments')).flatMap(texts),
    keys: texts(entries.map((entry) => mapAt(entry)['name'])),
    services: texts(entries.map((entry) => mapAt(entry)['service'])),
  };
}

/** Validation skips `__proto__`, and a look-up by it would find something that nobody wrote. */
function checkProtoNames(raw: unknown): Remark[] {
  return ['families', 'roles', 'environments']
    .filter((section) => Object.hasOwn(mapAt(raw, section), '__proto__'))
    .map((section) => ({ path: [section, '__proto__'], at: 'key', message: 'is not a name' }));
}

function checkRoles(raw: unknown, names: Names): Remark[] {
  return Object.entries(mapAt(raw, 'roles')).flatMap(([name, role]) => {
    const path = ['roles', name];
    const { allowed, models } = mapAt(role);
    if (models === undefined && allowed !== false) {
      return [
        { path, at: 'key' as const, message: 'may call but names no models; write models: [...] or allowed: false' },
      ];
    }
    return listAt(mapAt(role), 'models').flatMap((model, i): Remark[] => {
      if (typeof model !== 'string' || model === '*' || model.startsWith('claude-')) return [];
      if (names.families.includes(model)) return [];
      const hint = didYouMean(model, names.families);
      return [
        {
          path: [...path, 'models', i],
          message: `is ${shown(model)}, which is neither a family${hint} nor a model id nor "*"`,
        },
      ];
    });
  });
}

function checkEnvironments(raw: unknown): Remark[] {
  const owner = new Map<string, string>();
  return Object.entries(mapAt(raw, 'environments')).flatMap(([environment, workspaces]) => {
    const list = Array.isArray(workspaces) ? workspaces : [];
    return list.flatMap((workspace, i): Remark[] => {
      const first = owner.get(workspace);
      owner.set(workspace, first ?? environment);
      if (first === undefined) return [];
      return [
        {
          path: ['environments', environment, i],
          message: `is ${shown(workspace)}, which ${first} has already; a workspace has one environment`,
        },
      ];
    });
  });
}
