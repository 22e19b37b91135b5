import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import {
  OrgAPIKeyLimitExceededError,
  WorkspaceAPIKeyLimitExceededError,
} from '@anthropic-ai/sdk/resources/organization/api-keys';
import { type Emulator, type EmulatorSeed, startEmulator } from '../emulator.ts';

const EFFECT_DELAY_MS = 5000;
const hello = { model: 'claude-haiku-5-5', max_tokens: 1, messages: [{ role: 'user' as const, content: 'Hello' }] };
const seed: EmulatorSeed = {
  organization: { name: 'Acme', maxActiveKeys: 5 },
  workspaces: [{ name: 'Production', maxActiveKeys: 2 }, { name: 'Development' }],
  users: [
    { email: 'ada@acme.example', name: 'Ada', role: 'admin' },
    { email: 'bob@acme.example', name: 'Bob' },
  ],
  apiKeys: [
    { name: 'search', workspace: 'Production', createdBy: 'bob@acme.example', createdAt: '2026-01-01T00:00:00Z' },
    { name: 'auth', workspace: 'Production' },
    { name: 'spare', workspace: 'Production', status: 'inactive' },
    { name: 'short', workspace: 'Development', expiresAt: '2099-01-01T00:00:00Z' },
    { name: 'personal', workspace: 'Default', principal: 'bob@acme.example' },
    { name: 'desk', workspace: 'Default', status: 'inactive', principal: 'ada@acme.example' },
    { name: 'unscoped', workspace: null, principal: 'ada@acme.example' },
  ],
};

let emulator: Emulator;
let admin: Anthropic;
const id = (name: string) => emulator.apiKey(name).id;
const update = (name: string, body: { status?: 'active' | 'inactive' | 'archived'; name?: string }) =>
  admin.organization.apiKeys.update(id(name), body);
const call = (name: string) =>
  new Anthropic({ baseURL: emulator.url, apiKey: emulator.secretOf(name), maxRetries: 0 }).messages.create(hello);

before(async () => {
  emulator = await startEmulator({ seed, effectDelayMs: EFFECT_DELAY_MS });
  admin = new Anthropic({ baseURL: emulator.url, apiKey: emulator.adminKey, maxRetries: 0 });
});
beforeEach(() => {
  emulator.reset();
  emulator.setClock({ at: '2026-11-23T12:00:00Z', frozen: true });
});
after(() => emulator.close());

test('a key shows its hint and never its secret, here and in every list', async () => {
  const key = await admin.organization.apiKeys.retrieve(id('search'));
  const secret = emulator.secretOf('search');
  assert.match(secret, /^sk-ant-api03-[\w-]{93}AA$/);
  assert.equal(key.partial_key_hint, `${secret.slice(0, 16)}...${secret.slice(-4)}`);
  assert.deepEqual(key, emulator.apiKey('search'));
  assert.equal(key.created_by?.type, 'user');
  const page = await admin.organization.apiKeys.list();
  assert.doesNotMatch(JSON.stringify(page.data), /sk-ant-api03-[\w-]{20}/);
});

test('every page size lists every key once, forwards and backwards', async () => {
  const all = emulator.summary().apiKeys.map((key) => key.name);
  for (const limit of [1, 2, 3, 6, 7]) {
    const forwards: string[] = [];
    for await (const key of admin.organization.apiKeys.list({ limit })) forwards.push(key.name);
    assert.deepEqual(forwards, all);
    const backwards: string[] = [];
    let page = await admin.organization.apiKeys.list({ limit, before_id: id('unscoped') });
    backwards.unshift(...page.data.map((key) => key.name));
    while (page.hasNextPage()) {
      page = await page.getNextPage();
      backwards.unshift(...page.data.map((key) => key.name));
    }
    assert.deepEqual(backwards, all.slice(0, -1));
  }
  await assert.rejects(Promise.resolve(admin.organization.apiKeys.list({ after_id: 'apikey_none' })), /after_id/);
  await assert.rejects(Promise.resolve(admin.organization.apiKeys.list({ limit: 1001 })), /limit/);
});

test('lists filter by status, workspace and maker', async () => {
  const names = async (query: Anthropic.Organization.APIKeyListParams) =>
    (await admin.organization.apiKeys.list(query)).data.map((key) => key.name);
  const { workspaces, users } = emulator.summary();
  assert.deepEqual(await names({ status: 'inactive' }), ['spare', 'desk']);
  assert.deepEqual(await names({ status: 'expired' }), []);
  assert.deepEqual(await names({ workspace_id: workspaces.find(({ name }) => name === 'Development')!.id }), ['short']);
  assert.deepEqual(await names({ created_by_user_id: users[1]!.id }), ['search']);
});

test('an inactive key gets 401 after the effect delay, and works again when it is active', async () => {
  assert.equal((await update('search', { status: 'inactive' })).status, 'inactive');
  await call('search');
  emulator.setClock({ advanceMs: EFFECT_DELAY_MS });
  await assert.rejects(call('search'), Anthropic.AuthenticationError);
  assert.equal((await update('search', { status: 'active' })).status, 'active');
  await call('search');
});

test('archiving is permanent, and archiving again is no error', async () => {
  await update('search', { status: 'archived' });
  assert.equal((await update('search', { status: 'archived' })).status, 'archived');
  await assert.rejects(update('search', { status: 'active' }), Anthropic.BadRequestError);
  await assert.rejects(update('search', { status: 'inactive' }), Anthropic.BadRequestError);
  await assert.rejects(update('search', { name: 'renamed' }), Anthropic.BadRequestError);
  emulator.setClock({ advanceMs: EFFECT_DELAY_MS });
  await assert.rejects(call('search'), Anthropic.AuthenticationError);
});

test('time expires a key at once; it can only be archived then', async () => {
  await call('short');
  emulator.setClock({ at: '2099-01-01T00:00:00Z', frozen: true });
  assert.equal((await admin.organization.apiKeys.retrieve(id('short'))).status, 'expired');
  await assert.rejects(call('short'), Anthropic.AuthenticationError);
  await assert.rejects(update('short', { status: 'active' }), Anthropic.BadRequestError);
  await assert.rejects(update('short', { status: 'inactive' }), Anthropic.BadRequestError);
  assert.equal((await update('short', { status: 'archived' })).status, 'archived');
});

test('reactivation beyond a limit of active keys fails with the typed errors of the SDK', async () => {
  await assert.rejects(update('spare', { status: 'active' }), OrgAPIKeyLimitExceededError);
  await update('short', { status: 'inactive' });
  await assert.rejects(update('spare', { status: 'active' }), WorkspaceAPIKeyLimitExceededError);
  await update('auth', { status: 'inactive' });
  assert.equal((await update('spare', { status: 'active' })).status, 'active');
});

test('names can be changed, unknown keys are 404, and nonsense is 400', async () => {
  const renamed = await update('search', { name: 'search-2' });
  assert.deepEqual([renamed.name, renamed.status], ['search-2', 'active']);
  await assert.rejects(Promise.resolve(admin.organization.apiKeys.retrieve('apikey_none')), Anthropic.NotFoundError);
  await assert.rejects(Promise.resolve(admin.organization.apiKeys.update('apikey_none', {})), Anthropic.NotFoundError);
  const wrong = admin.post(`/v1/organizations/api_keys/${id('auth')}`, { body: { status: 'expired' } });
  await assert.rejects(wrong, Anthropic.BadRequestError);
});

test('the Admin API refuses workspace keys with 403 and unknown keys with 401, and admits an admin’s unscoped key', async () => {
  const retrieve = (apiKey: string) =>
    new Anthropic({ baseURL: emulator.url, apiKey, maxRetries: 0 }).organization.retrieve();
  await assert.rejects(retrieve(emulator.secretOf('auth')), Anthropic.PermissionDeniedError);
  await assert.rejects(retrieve(emulator.secretOf('spare')), Anthropic.AuthenticationError);
  await assert.rejects(retrieve(`${emulator.adminKey}x`), Anthropic.AuthenticationError);
  assert.equal((await retrieve(emulator.secretOf('unscoped'))).name, 'Acme');
  await update('auth', { status: 'inactive' });
  await update('desk', { status: 'active' });
  await assert.rejects(retrieve(emulator.secretOf('desk')), Anthropic.PermissionDeniedError);
});

test('only a key without a workspace chooses one by header', async () => {
  const workspaceOf = async (name: string, wanted: string) => {
    const client = new Anthropic({ baseURL: emulator.url, apiKey: emulator.secretOf(name), maxRetries: 0 });
    const { response } = await client.messages.create({ ...hello, workspace_id: wanted }).withResponse();
    return response.headers.get('anthropic-workspace-id');
  };
  const [, production, development] = emulator.summary().workspaces.map((workspace) => workspace.id);
  assert.equal(await workspaceOf('unscoped', development!), development);
  assert.equal(await workspaceOf('auth', production!), production);
  await assert.rejects(workspaceOf('auth', development!), Anthropic.BadRequestError);
  await assert.rejects(workspaceOf('unscoped', 'wrkspc_none'), Anthropic.BadRequestError);
});

test('when a user leaves, the personal key stops and the legacy key that the user made keeps working', async () => {
  const bob = emulator.summary().users[1]!.id;
  await call('personal');
  assert.deepEqual(await admin.organization.users.remove(bob), { id: bob, type: 'user_deleted' });
  await assert.rejects(call('personal'), Anthropic.AuthenticationError);
  await call('search');
  const [legacy] = (await admin.organization.apiKeys.list({ created_by_user_id: bob })).data;
  assert.equal(legacy?.name, 'search');
});

test('an archived workspace takes its keys with it at once; the default workspace cannot be archived', async () => {
  const [standard, production] = emulator.summary().workspaces;
  const archived = await admin.organization.workspaces.archive(production!.id);
  assert.notEqual(archived.archived_at, null);
  assert.equal(emulator.apiKey('auth').status, 'archived');
  await assert.rejects(call('auth'), Anthropic.AuthenticationError);
  await assert.rejects(Promise.resolve(admin.organization.workspaces.archive(standard!.id)), Anthropic.BadRequestError);
});
