import type { EmulatorSeed } from '@bursar/anthropic-emulator/emulator';

const DAY_MS = 86_400_000;
/** bursar.yaml rotates keys every 90 days; this key reaches its date while the story runs. */
const ROTATION_DUE_AFTER_MS = 5_000;

export const KEYS = {
  auth: 'prod-auth-service',
  search: 'prod-search-service',
  importer: 'staging-batch-importer',
  playground: 'dev-playground',
} as const;

/** Acme, the demo company, as its Console would show it now. */
export function acme(nowMs: number): EmulatorSeed {
  const made = (daysAgo: number, laterMs = 0) => new Date(nowMs - daysAgo * DAY_MS + laterMs).toISOString();
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
      {
        name: KEYS.importer,
        workspace: 'Staging',
        createdAt: made(90, ROTATION_DUE_AFTER_MS),
        createdBy: 'dev@acme.example',
      },
      { name: KEYS.playground, workspace: 'Development', createdAt: made(3), createdBy: 'dev@acme.example' },
      { name: 'break-glass', workspace: 'Production', createdAt: made(60), createdBy: 'owner@acme.example' },
    ],
  };
}
