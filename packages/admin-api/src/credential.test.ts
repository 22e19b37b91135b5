import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { AdminCredentialError, adminCredential } from './credential.ts';

const secret = (prefix: string) => `${prefix}${randomBytes(40).toString('base64url')}`;

test('an admin key and an org:admin token are taken, with or without a line end', () => {
  const key = secret('sk-ant-admin01-');
  assert.equal(adminCredential({ value: `${key}\n` }).secret(), key);
  assert.equal(adminCredential({ value: key }).kind(), 'admin_key');
  assert.equal(adminCredential({ value: secret('sk-ant-oat01-') }).kind(), 'oauth_token');
});

test('a credential of the wrong kind is refused with the name of its kind and no part of the secret', () => {
  const tail = randomBytes(40).toString('base64url');
  const cases: [value: string, kind: RegExp][] = [
    ['', /empty/],
    [`sk-ant-api03-${tail}`, /ordinary API key/],
    ['sk-ant-admin01-', /cut short/],
    [`sk-ant-sid01-${tail}`, /kind that is not known/],
    [`sk-proj-${tail}`, /another provider/],
    [tail, /not an Anthropic credential/],
    [`sk-ant-admin01-${tail}\nsk-ant-admin01-${tail}`, /several words/],
  ];
  for (const [value, kind] of cases) {
    assert.throws(
      () => adminCredential({ value }),
      (error) => error instanceof AdminCredentialError && kind.test(error.message) && !error.message.includes(tail),
    );
  }
});

test('a file that is replaced gives the new secret, and one that turns bad is refused by then', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bursar-credential-'));
  try {
    const file = join(folder, 'admin-key');
    const [first, second] = [secret('sk-ant-admin01-'), `${secret('sk-ant-oat01-')}longer`];
    writeFileSync(file, first);
    const credential = adminCredential({ file });
    assert.equal(credential.secret(), first);
    writeFileSync(file, second);
    assert.equal(credential.secret(), second);
    writeFileSync(file, secret('sk-ant-api03-'));
    assert.throws(() => credential.secret(), AdminCredentialError);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a file that is not there is an error that names the file', () => {
  assert.throws(() => adminCredential({ file: '/nowhere/admin-key' }), /\/nowhere\/admin-key cannot be read/);
});
