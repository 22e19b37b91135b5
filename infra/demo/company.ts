import type { ApiKeySeed, EmulatorSeed } from '@bursar/anthropic-emulator/emulator';

const DAY_MS = 86_400_000;
/** bursar.yaml rotates keys every 90 days, with a grace of 15 s for this one: it reaches its date while the story runs. */
const ROTATION_DUE_AFTER_MS = 5_000;

export const KEYS = {
  auth: 'prod-auth-service',
  search: 'prod-search-service',
  importer: 'staging-batch-importer',
  playground: 'dev-playground',
} as const;

/** Acme, the demo company, as its Console would show it before the story begins. */
export function acme(nowMs: number): EmulatorSeed {
  const made = (daysAgo: number) => new Date(nowMs - daysAgo * DAY_MS).toISOString();
  return {
    organization: { name: 'Acme' },
    workspaces: [{ name: 'Production' }, { name: 'Staging' }, { name: 'Development' }],
    users: [
      { email: 'owner@acme.example', name: 'Olivia Owner', role: 'admin' },
      { email: 'dev@acme.example', name: 'Devon Developer', role: 'developer' },
    ],
    apiKeys: [
      { name: KEYS.auth, workspace: 'Production', createdAt: made(20), createdBy: 'owner@acme.example' },
      { name: KEYS.search, workspace: 'Production', createdAt: made(35), createdBy: 'owner@acme.example' },
      { name: KEYS.playground, workspace: 'Development', createdAt: made(3), createdBy: 'dev@acme.example' },
      { name: 'break-glass', workspace: 'Production', createdAt: made(60), createdBy: 'owner@acme.example' },
    ],
  };
}

/** The key that reaches its rotation date while the story runs, for a story that begins now. */
export function importerKey(nowMs: number): ApiKeySeed {
  const createdAt = new Date(nowMs - 90 * DAY_MS + ROTATION_DUE_AFTER_MS).toISOString();
  return { name: KEYS.importer, workspace: 'Staging', createdAt, createdBy: 'dev@acme.example' };
}
