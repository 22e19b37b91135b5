import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { KafkaRecord } from '@bursar/bus/partition-loop';
import { quarantineRow } from './quarantine-row.ts';

const at = { topic: 'bursar.usage.v1', partition: 3 };
const secret = `sk-ant-api03-${randomBytes(70).toString('base64url')}`;

function stored(record: Partial<KafkaRecord>) {
  const whole = { offset: 7n, key: null, value: Buffer.from('{}'), headers: {}, ...record };
  return quarantineRow(whole, at, { reason: 'invalid', detail: 'id is wrong', eventId: null });
}

test('a record is kept as it came, with its key and headers', () => {
  const headers = { 'content-type': Buffer.from('application/json'), trace: [Buffer.from('a'), Buffer.from('b')] };
  const row = stored({ key: Buffer.from('kéy'), value: Buffer.from('{"a":"ü"}'), headers });
  assert.deepEqual(row, {
    ...{ topic: 'bursar.usage.v1', partition: 3, kafka_offset: '7', reason: 'invalid', detail: 'id is wrong' },
    ...{ record: '{"a":"ü"}', record_bytes: 10, record_key: 'kéy', altered: null, event_id: null },
    headers: '{"content-type":"application/json","trace":["a","b"]}',
  });
});

test('what is kept says when it is not what came: cut, scrubbed, or not text', () => {
  assert.equal(stored({ value: Buffer.from('x'.repeat(16_384)) }).altered, null);
  assert.equal(stored({ value: Buffer.from('x'.repeat(16_385)) }).altered, 'cut');
  assert.equal(stored({ value: Buffer.from([0x7b, 0xff, 0x7d]) }).altered, 'not_text');
  assert.equal(stored({ value: Buffer.from('a\u0000b') }).altered, 'not_text');
  assert.equal(stored({ key: Buffer.from([0xff]) }).altered, 'not_text');
  assert.equal(stored({ headers: { a: Buffer.from([0xff]) } }).altered, 'not_text');
  assert.equal(stored({ headers: { a: Buffer.from('x'.repeat(20_000)) } }).altered, 'cut');
  for (const hidden of [
    { value: Buffer.from(`{"k":"${secret}"}`) },
    { key: Buffer.from(secret) },
    { headers: { authorization: Buffer.from(secret) } },
    { headers: { [secret]: Buffer.from('1') } },
  ]) {
    const row = stored(hidden);
    assert.equal(row.altered, 'scrubbed');
    assert.ok(!JSON.stringify(row).includes(secret.slice(13)));
  }
});

test('many and hostile headers make no more of a row than fits, and nothing that Postgres refuses', () => {
  const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`h${index}`, Buffer.from('x')]));
  assert.deepEqual([stored({ headers: many }).headers, stored({ headers: many }).altered], ['{}', 'cut']);
  const hostile = stored({ headers: JSON.parse('{"__proto__":"a","b\\u0000":"c\\u0000"}') });
  assert.equal(hostile.headers, '{"__proto__":"a","b":"c"}');
  assert.equal(hostile.altered, 'not_text');
});
