import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { signStanding, verifyStanding } from './standing-signature.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const value = JSON.stringify({ state: 'suspended', name: 'Prüfung' });

test('a signed record is accepted, as text and as the bytes that Kafka gives', () => {
  const signature = signStanding(value, privateKey);
  assert.equal(verifyStanding(value, signature, publicKey), true);
  assert.equal(verifyStanding(Buffer.from(value), signature, publicKey), true);
});

test('a record with one changed byte, or signed by somebody else, is refused', () => {
  const signature = signStanding(value, privateKey);
  assert.equal(verifyStanding(value.replace('suspended', 'suspendeD'), signature, publicKey), false);
  const stranger = generateKeyPairSync('ed25519').privateKey;
  assert.equal(verifyStanding(value, signStanding(value, stranger), publicKey), false);
});

test('a malformed signature is refused without an error', () => {
  for (const signature of ['', '!', 'AAAA', 'x'.repeat(5_000)]) {
    assert.equal(verifyStanding(value, signature, publicKey), false);
  }
});
