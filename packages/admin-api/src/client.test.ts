import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { startEmulator } from '@bursar/anthropic-emulator/emulator';
import { openAdminClient } from './client.ts';
import { AdminCredentialError, adminCredential } from './credential.ts';
import { checkOrganization } from './organization.ts';

test('the admin credential opens the organization that it belongs to', async () => {
  await using emulator = await disposable();
  const client = openAdminClient({ credential: adminCredential({ value: emulator.adminKey }), baseURL: emulator.url });
  assert.equal((await checkOrganization(client)).name, 'Acme');
});

test('a credential that Anthropic refuses is told apart from an API in trouble', async () => {
  await using emulator = await disposable();
  const wrong = adminCredential({ value: `sk-ant-admin01-${randomBytes(40).toString('base64url')}` });
  await assert.rejects(
    checkOrganization(openAdminClient({ credential: wrong, baseURL: emulator.url })),
    (error) => error instanceof AdminCredentialError && /HTTP 401/.test(error.message),
  );
  emulator.addFault({ fault: { kind: 'error', status: 500 } });
  const right = openAdminClient({ credential: adminCredential({ value: emulator.adminKey }), baseURL: emulator.url });
  await assert.rejects(checkOrganization(right), (error) => !(error instanceof AdminCredentialError));
});

test('a failed call is tried once, never again by itself', async () => {
  await using emulator = await disposable();
  const client = openAdminClient({ credential: adminCredential({ value: emulator.adminKey }), baseURL: emulator.url });
  emulator.addFault({ fault: { kind: 'error', status: 529 } });
  await assert.rejects(client.organization.retrieve());
  assert.equal(emulator.adminLog().length, 1);
});

test('a token of workload identity is announced as one, and a key is not', async () => {
  const seen: (string | null)[] = [];
  for (const prefix of ['sk-ant-oat01-', 'sk-ant-admin01-']) {
    const credential = adminCredential({ value: `${prefix}${randomBytes(40).toString('base64url')}` });
    const client = openAdminClient({ credential }).withOptions({
      fetch: async (_url, init) => {
        seen.push(new Headers(init?.headers).get('anthropic-beta'));
        return Response.json({ id: 'org', name: 'Acme', type: 'organization' });
      },
    });
    await checkOrganization(client);
  }
  assert.deepEqual(seen, ['oauth-2025-04-20', null]);
});

async function disposable() {
  const emulator = await startEmulator({ seed: { organization: { name: 'Acme' }, workspaces: [], apiKeys: [] } });
  return { ...emulator, [Symbol.asyncDispose]: () => emulator.close() };
}
