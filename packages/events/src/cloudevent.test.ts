import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Decoded, decodeEvent, encodeEvent, MAX_RECORD_BYTES, type RecordIn } from './cloudevent.ts';

type Json = Record<string, unknown>;

const STRUCTURED = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
const GOOD = readFileSync(new URL('../fixtures/usage.v1/complete.json', import.meta.url), 'utf8');
const SECRET = `sk-ant-api03-${randomBytes(60).toString('base64url')}AA`;

const good = (): Json & { data: Json } => JSON.parse(GOOD);
const decodeText = (text: string | Uint8Array): Decoded =>
  decodeEvent({ value: Buffer.from(text), headers: STRUCTURED });
const withData = (change: Json): Decoded =>
  decodeText(JSON.stringify({ ...good(), data: { ...good().data, ...change } }));
const reasonOf = (decoded: Decoded): string => (decoded.ok ? 'accepted' : decoded.reason);

function binaryRecord(): RecordIn {
  const { data, ...attributes } = good();
  const headers = Object.entries(attributes).map(([name, value]) => [`ce_${name}`, Buffer.from(String(value))]);
  return {
    value: Buffer.from(JSON.stringify(data)),
    headers: { ...Object.fromEntries(headers), 'content-type': Buffer.from('application/json') },
  };
}

describe('an event on the wire', () => {
  it('is structured JSON whose type and id stand in the headers too', () => {
    const decoded = decodeText(GOOD);
    assert.ok(decoded.ok);
    const { value, headers } = encodeEvent(decoded.event);
    assert.equal(headers['ce_type'], 'dev.bursar.usage.v1');
    assert.equal(headers['ce_id'], decoded.event.id);
    assert.match(headers['content-type']!, /^application\/cloudevents\+json/);
    assert.deepEqual(JSON.parse(value), JSON.parse(GOOD));
  });

  it('reads the same in structured and in binary mode', () => {
    const structured = decodeText(GOOD);
    assert.ok(structured.ok);
    assert.deepEqual(decodeEvent(binaryRecord()), structured);
  });

  it('without a header that tells its mode is refused, and the detail names the headers, whatever its JSON says', () => {
    for (const headers of [{}, { 'content-type': 'application/json' }, { ce_id: 'x' }]) {
      const decoded = decodeEvent({ value: Buffer.from(GOOD), headers });
      assert.equal(reasonOf(decoded), 'unknown_type');
      assert.match(
        decoded.ok ? '' : decoded.detail,
        /neither a CloudEvents content-type header .* nor a ce_type header/,
      );
    }
  });

  it('may carry fields of a later version', () => {
    assert.equal(reasonOf(decodeText(JSON.stringify({ ...good(), traceparent: '00' }))), 'accepted');
    assert.equal(reasonOf(withData({ somethingNew: { deep: [1] } })), 'accepted');
  });
});

describe('a record that is no event', () => {
  const rejected: Record<string, [Uint8Array | null | string, string]> = {
    'a tombstone': [null, 'empty'],
    'no bytes': ['', 'empty'],
    '300 KB': [JSON.stringify({ ...good(), padding: 'x'.repeat(300_000) }), 'too_large'],
    'invalid UTF-8': [Buffer.concat([Buffer.from('"'), Buffer.from([0xc3, 0x28]), Buffer.from('"')]), 'not_utf8'],
    'an encoded lone surrogate': [Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'not_utf8'],
    'half a document': [GOOD.slice(0, -5), 'not_json'],
    'a hundred thousand brackets': ['['.repeat(100_000), 'not_json'],
    null: ['null', 'unknown_type'],
    'an array': [`[${GOOD}]`, 'unknown_type'],
    'another type': [GOOD.replace('usage.v1', 'usage.v2'), 'unknown_type'],
    'a type that is an object': [GOOD.replace('"dev.bursar.usage.v1"', '{"toString":1}'), 'unknown_type'],
    'two types, of which the last counts': [GOOD.replace(/}\s*$/, ',"type":"other"}'), 'unknown_type'],
    'a huge exponent': [GOOD.replace('"durationMs": 812.345', '"durationMs": 1e400'), 'invalid'],
    'no id': [JSON.stringify({ ...good(), id: undefined }), 'invalid'],
    'an inherited id': [GOOD.replace('"id":', '"__proto__": {"id": "x"}, "ID":'), 'invalid'],
  };
  for (const [name, [value, reason]] of Object.entries(rejected)) {
    it(`is rejected with its reason: ${name}`, () => {
      const bytes = value === null ? null : Buffer.from(value);
      assert.equal(reasonOf(decodeEvent({ value: bytes, headers: STRUCTURED })), reason);
    });
  }

  it('is judged by its size in bytes, the largest allowed included', () => {
    const padded = (bytes: number) => `${GOOD}${' '.repeat(bytes - Buffer.byteLength(GOOD))}`;
    assert.equal(reasonOf(decodeText(padded(MAX_RECORD_BYTES))), 'accepted');
    assert.equal(reasonOf(decodeText(padded(MAX_RECORD_BYTES + 1))), 'too_large');
  });
});

describe('a field that Postgres could not store or that no request can have', () => {
  const refused: Record<string, Json> = {
    NUL: { role: 'US\u0000ER' },
    'a line break': { service: 'a\nb' },
    'a lone surrogate': { principal: 'u-\ud800' },
    'a tag with a lone surrogate in its name': { tags: { '\udfff': 'x' } },
    'seventeen tags': { tags: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`t${index}`, 'x'])) },
    'a number for a text': { role: 7 },
    'a text for a number': { attempt: '0' },
    'negative tokens': { usage: { input_tokens: -1, output_tokens: 1 } },
    'half a token': { usage: { input_tokens: 0.5, output_tokens: 1 } },
    'more tokens than there can be': { usage: { input_tokens: 2 ** 53, output_tokens: 1 } },
    'a hash that is none': { key: { sha256: 'A'.repeat(64), hint: '...' } },
    'the 30th of February': { startedAt: '2026-02-30T00:00:00Z' },
    'a time without a zone': { startedAt: '2026-11-23T00:00:00' },
    'sequence number 0': { emitter: { ...(good().data['emitter'] as Json), seq: 0 } },
  };
  for (const [name, change] of Object.entries(refused)) {
    it(`makes the event invalid: ${name}`, () => assert.equal(reasonOf(withData(change)), 'invalid'));
  }

  it('is a credential, wherever it stands; and the reason given does not repeat it', () => {
    const places: Json[] = [
      { role: SECRET },
      { principal: `who ${SECRET}` },
      { tags: { [SECRET]: 'x' } },
      { tags: { note: SECRET } },
      { requestId: SECRET },
      { errorType: SECRET },
    ];
    for (const change of places) {
      const decoded = withData(change);
      assert.equal(reasonOf(decoded), 'invalid', Object.keys(change)[0]);
      assert.ok(!JSON.stringify(decoded).includes(SECRET.slice(20, 40)), Object.keys(change)[0]);
    }
    const unknown = decodeText(JSON.stringify({ ...good(), type: SECRET }));
    assert.ok(!JSON.stringify(unknown).includes(SECRET.slice(20, 40)));
  });

  it('cannot reach the prototype of anything', () => {
    const decoded = decodeText(GOOD.replace('"tags": {', '"tags": {"__proto__": {"polluted": "yes"},'));
    const seen = decoded.ok ? (decoded.event.data as unknown as { tags: Json }).tags : {};
    assert.equal(seen['polluted'], undefined);
    assert.equal(({} as Json)['polluted'], undefined);
  });
});

describe('decodeEvent', () => {
  const names = ['content-type', 'ce_type', 'ce_id', 'ce_time', 'ce_source', 'ce_specversion', 'ce_subject'];
  const bytes = fc.uint8Array({ maxLength: 64 });
  const header = fc.oneof(
    fc.constantFrom('application/cloudevents+json', 'application/json', '1.0', 'dev.bursar.usage.v1', ''),
    fc.string({ unit: 'binary' }),
    bytes,
    fc.array(bytes, { maxLength: 3 }),
    fc.constant(undefined),
  );
  const headers = fc.dictionary(fc.constantFrom(...names), header);
  const json = fc.json({ depthSize: 'small' }).map((text) => Buffer.from(text));

  /** A good event with one of its values, at any depth, replaced by anything. */
  const nearMiss = fc
    .tuple(fc.constantFrom(...pathsOf(good())), fc.jsonValue())
    .map(([path, value]) => Buffer.from(JSON.stringify(replaced(good(), path, value))));

  it('is total: any bytes, any JSON, any near miss, under any headers', () => {
    const value = fc.oneof(fc.constant(null), fc.uint8Array({ maxLength: 300 }), json, nearMiss);
    fc.assert(
      fc.property(value, fc.oneof(headers, fc.constant(STRUCTURED)), (record, given) => {
        const decoded = decodeEvent({ value: record, headers: given });
        if (decoded.ok) assert.deepEqual(reencoded(decoded), decoded);
        else assert.ok(decoded.detail.length <= 500);
      }),
      { numRuns: 2_000 },
    );
  });

  function reencoded(decoded: Extract<Decoded, { ok: true }>): Decoded {
    const { value, headers: written } = encodeEvent(decoded.event);
    return decodeEvent({ value: Buffer.from(value), headers: written });
  }
});

function pathsOf(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...path]];
  return [[...path], ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]))];
}

function replaced(target: unknown, [first, ...rest]: readonly string[], value: unknown): unknown {
  if (first === undefined) return value;
  const object = target as Json;
  return { ...object, [first]: replaced(object[first], rest, value) };
}
