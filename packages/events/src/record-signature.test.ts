import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkSignature, signatureHeader, signRecord } from './record-signature.ts';
import { SigningSecretError, signingSecretsIn } from './record-signature-secrets.ts';

const secret = randomBytes(32).toString('hex');
const other = randomBytes(32).toString('hex');
const value = JSON.stringify({ service: 'search', note: 'Prüfung' });
const structured = { 'content-type': 'application/cloudevents+json' };

function recordWith(headers: Record<string, string | Buffer>, text = value) {
  return { value: Buffer.from(text), headers: { ...structured, ...headers } };
}

test('the signature is the HMAC-SHA256 of the bytes under the text of the secret, as any language computes it', () => {
  assert.equal(
    signRecord(value, secret),
    `v1=${createHmac('sha256', Buffer.from(secret, 'utf8')).update(Buffer.from(value)).digest('hex')}`,
  );
});

test('a signed record is valid by either of two secrets, its header as text or as the bytes that Kafka gives', () => {
  const headers = signatureHeader(value, secret);
  assert.equal(checkSignature(recordWith(headers), [secret]), 'valid');
  assert.equal(checkSignature(recordWith(headers), [other, secret]), 'valid');
  assert.equal(
    checkSignature(recordWith({ 'bursar-signature': Buffer.from(signRecord(value, secret)) }), [secret]),
    'valid',
  );
});

test('one changed byte, another secret, no signature: each is told', () => {
  const headers = signatureHeader(value, secret);
  assert.equal(checkSignature(recordWith(headers, value.replace('search', 'Search')), [secret]), 'wrong');
  assert.equal(checkSignature(recordWith(headers), [other]), 'wrong');
  assert.equal(checkSignature(recordWith(headers), []), 'wrong');
  assert.equal(checkSignature(recordWith({}), [secret]), 'missing');
});

test('a record whose id and type stand in headers is wrong, however well its value is signed', () => {
  const headers = {
    ...signatureHeader(value, secret),
    'content-type': 'application/json',
    ce_type: 'dev.bursar.usage.v1',
  };
  assert.equal(checkSignature(recordWith(headers), [secret]), 'wrong');
});

test('any header and any value is judged without an error', () => {
  fc.assert(
    fc.property(fc.string(), fc.uint8Array({ maxLength: 50 }), (text, bytes) => {
      const record = { value: bytes, headers: { ...structured, 'bursar-signature': text } };
      assert.notEqual(checkSignature(record, [secret]), 'valid');
      assert.notEqual(checkSignature({ ...record, value: null }, [secret]), 'valid');
    }),
  );
});

test('a file has one secret or two, with any white space around them', () => {
  assert.deepEqual(signingSecretsIn(`${secret}\n`, 'f'), [secret]);
  assert.deepEqual(signingSecretsIn(`\n  ${secret}\r\n\n${other}`, 'f'), [secret, other]);
});

test('an empty file, a short secret and a third one are refused with the name of the file and nothing of its content', () => {
  const short = randomBytes(15).toString('hex');
  for (const content of ['', ' \n', short, `${secret}\n${short}`, `${secret}\n${other}\n${secret}`]) {
    assert.throws(
      () => signingSecretsIn(content, '/run/secrets/search'),
      (error: Error) =>
        error instanceof SigningSecretError &&
        error.message.includes('/run/secrets/search') &&
        ![secret, other, short].some((text) => error.message.includes(text)),
    );
  }
});
