import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { it } from 'node:test';
import fc from 'fast-check';
import { freshKey } from '../test/messages-server.ts';
import { createKeyIdentities } from './key-identity.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

it('names a key by hash and by Anthropic’s own kind of hint, from either header', () => {
  const key = freshKey();
  const identify = createKeyIdentities();
  const identity = identify(new Headers({ authorization: `Bearer ${key}` }));
  assert.deepEqual(identity, { sha256: sha256(key), hint: `${key.slice(0, 16)}...${key.slice(-4)}` });
  assert.equal(identify(new Headers({ 'x-api-key': key })), identity);
});

it('gives the configured id to the first key only', () => {
  const identify = createKeyIdentities('apikey_1');
  const first = new Headers({ 'x-api-key': freshKey() });
  assert.equal(identify(first).id, 'apikey_1');
  assert.equal(identify(new Headers({ 'x-api-key': freshKey() })).id, undefined);
  assert.equal(identify(first).id, 'apikey_1');
});

it('shows at most seven characters of a secret beyond its public prefix, and none of a short one', () => {
  const identify = createKeyIdentities();
  const credential = fc.stringMatching(/^(sk-ant-[a-z]{1,12}\d{0,3}-)?[\w-]{1,120}$/);
  fc.assert(
    fc.property(credential, (secret) => {
      const { hint } = identify(new Headers({ authorization: `Bearer ${secret}` }));
      const [head = '', tail = ''] = hint.split('...');
      assert.ok(hint.length <= 40 && secret.startsWith(head) && secret.endsWith(tail));
      assert.ok(head.replace(/^sk-ant-[a-z]+\d{2}-/, '').length + tail.length <= 7);
      if (secret.length < 40) assert.equal(hint, '...');
    }),
  );
});

it('says so when a request carries no credential', () => {
  assert.deepEqual(createKeyIdentities()(new Headers()), { sha256: sha256(''), hint: 'none' });
});
