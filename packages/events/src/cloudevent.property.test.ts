import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { anyUsageEvent } from '../../../test/harness/arbitrary-events.ts';
import { hostileText } from '../../../test/harness/hostile-text.ts';
import { holds } from '../../../test/harness/property.ts';
import { type Decoded, decodeEvent, encodeEvent, type RecordIn, type UsageEvent } from './cloudevent.ts';

const STRUCTURED = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
const SECRET = `sk-ant-api03-${randomBytes(60).toString('base64url')}AA`;
const DEEP = '['.repeat(100_000) + ']'.repeat(100_000);
const sample = fc.sample(anyUsageEvent(), { numRuns: 1, seed: 1 })[0]!;

const decodeText = (text: string): Decoded => decodeEvent({ value: Buffer.from(text), headers: STRUCTURED });

/** What every answer must be, whatever was asked. */
function sound(decoded: Decoded): void {
  if (decoded.ok) return;
  const told = JSON.stringify(decoded);
  assert.ok(!told.includes(SECRET.slice(13, 40)), 'a rejection repeats a credential');
  assert.ok(decoded.detail.length <= 500);
  assert.ok(decoded.detail.isWellFormed() && !decoded.detail.includes('\u0000'), 'Postgres could not store the detail');
}

test('what is encoded is decoded as it was, with every name and every number', () => {
  holds(
    20_000,
    fc.property(anyUsageEvent(), (event) => {
      const { value, headers } = encodeEvent(event);
      const decoded = decodeEvent({ value: Buffer.from(value), headers });
      assert.ok(decoded.ok, JSON.stringify(decoded));
      assert.deepEqual(decoded.event, event);
    }),
  );
});

test('any bytes under any headers give an answer that can be stored and holds no credential', () => {
  const header = fc.oneof(
    fc.constantFrom('application/cloudevents+json', 'application/json', '1.0', 'dev.bursar.usage.v1', SECRET),
    hostileText,
    fc.uint8Array({ maxLength: 20 }),
    fc.array(fc.uint8Array({ maxLength: 8 }), { maxLength: 3 }),
    fc.constant(undefined),
  );
  const name = fc.oneof(
    fc.constantFrom('content-type', 'ce_type', 'ce_id', 'ce_time', 'ce_source', 'ce_specversion', '__proto__'),
    hostileText,
  );
  const value = fc.oneof(fc.constant(null), fc.uint8Array({ maxLength: 64 }), fc.json().map(Buffer.from));
  holds(
    20_000,
    fc.property(value, fc.dictionary(name, header, { maxKeys: 4 }), (bytes, headers) =>
      sound(decodeEvent({ value: bytes, headers } as RecordIn)),
    ),
  );
});

test('an event with anything at all in one of its places is read or refused, and never half', () => {
  const places = placesOf(sample);
  const anything = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    hostileText,
    hostileText.map((text) => `${text}${SECRET}`),
    fc.constantFrom(2 ** 53 - 1, 2 ** 53, 2 ** 53 + 2, -0, -1, 0.5, Number.MAX_VALUE, 5e-324),
    fc.dictionary(fc.oneof(hostileText, fc.constant(`a name ${SECRET}`)), hostileText, { maxKeys: 3 }),
  );
  holds(
    30_000,
    fc.property(fc.constantFrom(...places), anything, (place, value) => {
      const decoded = decodeText(JSON.stringify(put(sample, place, value)));
      sound(decoded);
      if (decoded.ok)
        assert.ok(!JSON.stringify(decoded.event).includes(SECRET), 'an accepted event holds a credential');
    }),
  );
});

test('numbers at the edge of what JavaScript can hold are exact or refused', () => {
  const sequence = (literal: string) => {
    const decoded = decodeText(JSON.stringify(put(sample, ['data', 'emitter', 'seq'], '@')).replace('"@"', literal));
    return decoded.ok ? (decoded.event as UsageEvent).data.emitter.seq : decoded.reason;
  };
  assert.equal(sequence('9007199254740991'), 9007199254740991);
  for (const literal of ['9007199254740992', '9007199254740993', '1e400', '-1e400', '1e-400', '-0', '0.1', '1e16']) {
    assert.equal(sequence(literal), 'invalid', literal);
  }
});

test('nesting of any depth, in any place, exhausts nothing', () => {
  for (const place of placesOf(sample)) {
    sound(decodeText(JSON.stringify(put(sample, place, '@@')).replace('"@@"', DEEP)));
  }
  sound(decodeText(DEEP));
  sound(decodeText(DEEP.replaceAll('[', '{"":').replaceAll(']', '}')));
  assert.ok(
    decodeText(JSON.stringify({ ...sample, extra: '@@' }).replace('"@@"', DEEP)).ok,
    'a later field is ignored',
  );
});

test('of a name that JSON repeats the last value counts', () => {
  const twice = (first: string, last: string) => {
    const text = JSON.stringify(put(sample, ['data', 'role'], '@@'));
    const decoded = decodeText(text.replace('"role":"@@"', `"role":"${first}","role":"${last}"`));
    return decoded.ok ? (decoded.event as UsageEvent).data.role : decoded.reason;
  };
  holds(
    2_000,
    fc.property(fc.stringMatching(/^[A-Z]{1,8}$/), fc.stringMatching(/^[A-Z]{1,8}$/), (first, last) =>
      assert.equal(twice(first, last), last),
    ),
  );
});

test('names of the prototype arrive as tags, services and roles, and change no prototype', () => {
  const names = ['__proto__', 'constructor', 'prototype', 'toString'];
  const tags = Object.fromEntries(names.map((name) => [name, 'a value']));
  for (const name of names) {
    const event = put(put(put(sample, ['data', 'tags'], tags), ['data', 'service'], name), ['data', 'role'], name);
    const decoded = decodeText(JSON.stringify(event));
    assert.ok(decoded.ok, JSON.stringify(decoded));
    const { data } = decoded.event as UsageEvent;
    assert.deepEqual(Object.keys(data.tags).sort(), [...names].sort());
    assert.deepEqual([data.service, data.role], [name, name]);
  }
  const polluting = JSON.stringify(put(sample, ['data', 'tags'], '@@')).replace(
    '"@@"',
    '{"__proto__":{"polluted":"x"}}',
  );
  assert.equal(decodeText(polluting).ok, false);
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
});

test('a record that is refused still tells whose event it was and which, where that is legible', () => {
  const { emitter, service } = sample.data;
  const expected = { emitterId: emitter.id, boot: emitter.boot, seq: emitter.seq, service };
  const { specversion: _, type: __, ...illegible } = sample;
  const positionOf = (record: RecordIn) => {
    const decoded = decodeEvent(record);
    return decoded.ok ? 'accepted' : decoded.position;
  };
  const value = (json: unknown) => Buffer.from(JSON.stringify(json));
  const named = { ...expected, eventId: sample.id };
  assert.deepEqual(positionOf({ value: value(illegible), headers: STRUCTURED }), named);
  assert.deepEqual(positionOf({ value: value(sample), headers: {} }), named);
  assert.deepEqual(positionOf({ value: value({ ...sample, id: 'me' }), headers: {} }), expected);
  assert.deepEqual(positionOf({ value: value(sample.data), headers: {} }), expected);
  assert.deepEqual(positionOf({ value: value(put(sample, ['data', 'attempt'], -1)), headers: STRUCTURED }), named);
  for (const seq of [0, 1.5, '7', 2 ** 53]) {
    const event = put(sample, ['data', 'emitter', 'seq'], seq);
    assert.equal(positionOf({ value: value(event), headers: STRUCTURED }), undefined, String(seq));
  }
});

function placesOf(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...path]];
  return [[...path], ...Object.entries(value).flatMap(([key, inner]) => placesOf(inner, [...path, key]))];
}

function put(target: unknown, [first, ...rest]: readonly string[], value: unknown): unknown {
  if (first === undefined) return value;
  const object = target as Record<string, unknown>;
  return { ...object, [first]: put(object[first], rest, value) };
}
