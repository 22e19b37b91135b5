import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { CannotRemoveLastMemberError } from '@anthropic-ai/sdk/resources/organization/users';
import { type Emulator, EmulatorSeedError, startEmulator } from '../emulator.ts';

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

let emulator: Emulator;
let admin: Anthropic;
const workspaceId = (name: string) => emulator.summary().workspaces.find((workspace) => workspace.name === name)!.id;
const userId = (email: string) => emulator.summary().users.find((user) => user.email === email)!.id;

before(async () => {
  emulator = await startEmulator({
    seed: {
      organization: { id: 'org_acme', name: 'Acme' },
      workspaces: [
        { name: 'Production', tags: { cost_center: '4100' }, members: [{ email: 'bob@acme.example' }] },
        { name: 'Staging' },
      ],
      users: [
        { email: 'ada@acme.example', name: 'Ada', role: 'admin' },
        { email: 'bob@acme.example', name: 'Bob' },
        { email: 'cleo@acme.example', name: 'Cleo', role: 'billing' },
      ],
      invites: [{ email: 'dan@acme.example', invitedAt: '2026-11-01T00:00:00Z' }, { email: 'eve@acme.example' }],
      apiKeys: [],
    },
  });
  admin = new Anthropic({ baseURL: emulator.url, apiKey: emulator.adminKey, maxRetries: 0 });
});
beforeEach(() => emulator.reset());
after(() => emulator.close());

test('the admin key learns its organization; answers of the Admin API name no workspace', async () => {
  const { data, response } = await admin.organization.retrieve().withResponse();
  assert.deepEqual(data, { id: 'org_acme', name: 'Acme', type: 'organization' });
  assert.equal(response.headers.get('anthropic-organization-id'), 'org_acme');
  assert.equal(response.headers.get('anthropic-workspace-id'), null);
});

test('workspaces are listed without the default and archived ones unless asked for', async () => {
  await admin.organization.workspaces.archive(workspaceId('Staging'));
  const names = async (query: Anthropic.Organization.WorkspaceListParams) =>
    (await collect(admin.organization.workspaces.list(query))).map((workspace) => workspace.name);
  assert.deepEqual(await names({}), ['Production']);
  assert.deepEqual(await names({ include_default: true, include_archived: true, limit: 1 }), [
    'Default',
    'Production',
    'Staging',
  ]);
  assert.deepEqual(await names({ ids: [workspaceId('Production'), 'wrkspc_none'] }), ['Production']);
  const production = await admin.organization.workspaces.retrieve(workspaceId('Production'));
  assert.deepEqual(production.tags, { cost_center: '4100' });
  await assert.rejects(Promise.resolve(admin.organization.workspaces.retrieve('wrkspc_none')), Anthropic.NotFoundError);
});

test('members are listed, added and removed', async () => {
  const { members } = admin.organization.workspaces;
  const workspace_id = workspaceId('Production');
  const cleo = userId('cleo@acme.example');
  await members.add(workspace_id, { user_id: cleo, workspace_role: 'workspace_user' });
  const listed = await collect(members.list(workspace_id, { limit: 1 }));
  assert.deepEqual(
    listed.map((member) => member.workspace_role),
    ['workspace_developer', 'workspace_user'],
  );
  assert.equal((await members.retrieve(cleo, { workspace_id })).user_id, cleo);
  assert.equal((await members.remove(cleo, { workspace_id })).type, 'workspace_member_deleted');
  await assert.rejects(Promise.resolve(members.retrieve(cleo, { workspace_id })), Anthropic.NotFoundError);
});

test('a workspace limit overrides the organization’s until it is cleared; the default workspace takes none', async () => {
  const { rateLimits } = admin.organization.workspaces;
  const workspace = workspaceId('Production');
  const [haiku] = await collect(admin.organization.rateLimits.list({ model: 'claude-haiku-5-5' }));
  const limits = [{ type: 'requests_per_minute' as const, value: 0 }];
  const set = await rateLimits.update(haiku!.id, { workspace_id: workspace, limits });
  assert.deepEqual(set.limits, [
    { type: 'requests_per_minute', value: 0, org_limit: 4000, source: { type: 'workspace' } },
  ]);
  assert.equal((await collect(rateLimits.list(workspace))).length, 1);
  const inherited = await collect(rateLimits.list(workspace, { include_inherited: true, limit: 1 }));
  assert.equal(inherited.length, (await collect(admin.organization.rateLimits.list())).length);
  const cleared = [{ type: 'requests_per_minute' as const, value: null }];
  await rateLimits.update(haiku!.id, { workspace_id: workspace, limits: cleared });
  assert.equal((await collect(rateLimits.list(workspace))).length, 0);
  const onDefault = rateLimits.update(haiku!.id, { workspace_id: workspaceId('Default'), limits });
  await assert.rejects(onDefault, Anthropic.BadRequestError);
  await assert.rejects(
    Promise.resolve(admin.organization.rateLimits.list({ model: 'gpt-9' })),
    Anthropic.NotFoundError,
  );
});

test('users are listed by email and role, changed and removed; admins and the last member are not removed', async () => {
  const { users } = admin.organization;
  const emails = async (query: Anthropic.Organization.UserListParams) =>
    (await collect(users.list(query))).map((user) => user.email);
  assert.equal((await emails({ limit: 1 })).length, 3);
  assert.deepEqual(await emails({ email: 'BOB@acme.example' }), ['bob@acme.example']);
  assert.deepEqual(await emails({ roles: ['admin', 'billing'] }), ['ada@acme.example', 'cleo@acme.example']);
  const bob = userId('bob@acme.example');
  assert.equal((await users.update(bob, { role: 'user' })).role, 'user');
  await users.remove(bob);
  await assert.rejects(Promise.resolve(users.retrieve(bob)), Anthropic.NotFoundError);
  assert.deepEqual(await collect(admin.organization.workspaces.members.list(workspaceId('Production'))), []);
  await users.remove(userId('cleo@acme.example'));
  const ada = userId('ada@acme.example');
  await assert.rejects(Promise.resolve(users.remove(ada)), CannotRemoveLastMemberError);
});

test('invites expire after 21 days and are filtered by status', async () => {
  emulator.setClock({ at: '2026-11-23T00:00:00Z' });
  const { invites } = admin.organization;
  const expired = await collect(invites.list({ statuses: ['expired'] }));
  assert.deepEqual(
    expired.map((invite) => invite.email),
    ['dan@acme.example'],
  );
  assert.equal((await collect(invites.list({ limit: 1 }))).length, 2);
  assert.equal((await invites.retrieve(expired[0]!.id)).expires_at, '2026-11-22T00:00:00.000Z');
});

test('a seed that contradicts itself is refused with the entry named', async () => {
  const nowhere = { workspaces: [], apiKeys: [{ name: 'lost', workspace: 'Nowhere' }] };
  assert.throws(() => emulator.reset(nowhere), /Key "lost" belongs to the workspace "Nowhere"/);
  await assert.rejects(startEmulator({ seed: nowhere }), EmulatorSeedError);
  assert.equal(emulator.summary().organization.name, 'Acme');
});
