import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { capturedLog } from '../test/captured-log.ts';
import { fakeKey } from '../test/fake-key.ts';
import type { Log } from './log.ts';
import { scrub } from './scrub.ts';

const ways: Record<string, (log: Log, key: string) => void> = {
  message: (log, key) => log.info(`called with ${key}.`),
  'format argument': (log, key) => log.info('called with %s and %j', key, { key }),
  'error message and stack': (log, key) => log.error(new Error(`401 for ${key}`)),
  'error cause': (log, key) => log.error({ err: new Error('outer', { cause: new Error(`inner ${key}`) }) }, 'failed'),
  'error of errors': (log, key) => log.error({ err: new AggregateError([new Error(key)]) }, 'failed'),
  'error property': (log, key) =>
    log.error(Object.assign(new Error('x'), { request: { headers: { authorization: key } } })),
  'error in a field that is not err': (log, key) =>
    log.error({ failure: new Error(key), cause: inspect(new Error(key)) }, 'x'),
  'object far down': (log, key) => log.info({ a: { b: { c: [{ d: { value: key } }] } } }, 'nested'),
  'property name': (log, key) => log.info({ counts: { [key]: 1 } }, 'by key'),
  URL: (log, key) => log.info({ url: `https://h/v1?api_key=${key}&x=1#${key}` }, 'get'),
  'password of a URL': (log, key) => log.info(`connect to postgres://bursar:${key}@db:5432/ledger`),
  headers: (log, key) => log.info({ headers: { 'x-api-key': key, Authorization: `Bearer ${key}` } }, 'request'),
  'child binding': (log, key) =>
    log
      .child({ apiKey: key, deep: { key } })
      .child({ more: [key] })
      .info('from a child'),
  'JSON in a string': (log, key) =>
    log.info({ body: JSON.stringify({ x: { key, raw: JSON.stringify({ key }) } }) }, 'body'),
  'adjacent text': (log, key) => log.info(`x${key}${key}\n"${key}"\\${key}`),
};

describe('the log', () => {
  for (const [way, write] of Object.entries(ways)) {
    it(`never writes a key that reaches it as: ${way}`, () => {
      const { log, lines } = capturedLog();
      const key = fakeKey();
      write(log, key);
      assert.equal(lines.length, 1);
      assert.ok(!lines[0]?.includes(key.slice(0, 30)) && !lines[0]?.includes(key.slice(-30)), lines[0]);
      assert.match(lines[0] ?? '', /\[redacted\]/);
      assert.doesNotThrow(() => JSON.parse(lines[0] ?? ''));
    });
  }

  it('removes credentials of any other shape by the name of their property, at any depth and in any case', () => {
    const { log, lines } = capturedLog();
    const credential = `opaque"${fakeKey().slice(20, 50)}`;
    log.info({ token: credential, request: { headers: { Authorization: credential, 'X-API-Key': credential } } }, 'x');
    log.error({ err: Object.assign(new Error('x'), { a: { b: { c: { password: credential } } } }) }, 'x');
    log.info({ body: JSON.stringify({ token: credential.replace('"', '') }) }, 'x');
    for (const line of lines) assert.ok(!line.includes(credential.slice(10)), line);
  });

  it('removes passwords of URLs and bearer tokens from text, and keeps the rest of it', () => {
    const { log, records } = capturedLog();
    log.info('postgres://u:p"@ss@h:5432/d and kafka://h:9092/x@y, Authorization: Bearer abcdefghijklmnopqrstu');
    assert.equal(
      records()[0]?.msg,
      'postgres://u:[redacted]@h:5432/d and kafka://h:9092/x@y, Authorization: Bearer [redacted]',
    );
  });

  it('removes the exact secrets it was told, whatever they look like', () => {
    const { log, lines } = capturedLog({ secrets: ['swordfish "42"', 'short'] });
    log.error(new Error('login with swordfish "42" failed'));
    assert.ok(!lines[0]?.includes('swordfish'), lines[0]);
    log.info('short is too common a word');
    assert.ok(lines[1]?.includes('short is'));
  });

  it('keeps the hint of a key, which is how people name one', () => {
    const { log, records } = capturedLog();
    const key = fakeKey();
    const hint = `${key.slice(0, 16)}...${key.slice(-4)}`;
    log.info(`suspended ${hint}`);
    assert.equal(records()[0]?.msg, `suspended ${hint}`);
  });

  it('writes ISO time, the level as a word, service, version and pid in each line', () => {
    const { log, records } = capturedLog({ version: '1.2.3' });
    log.warn({ partition: 3 }, 'behind');
    const { time, ...rest } = records()[0] ?? {};
    assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(rest, {
      level: 'warn',
      service: 'probe',
      version: '1.2.3',
      pid: process.pid,
      partition: 3,
      msg: 'behind',
    });
  });

  it('leaves every line valid JSON and free of the key, whatever surrounds it', () => {
    const key = fakeKey();
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(key, '://u:', '@', '?token=', 'Bearer ', '"', '\\', '"token":"', '\n'),
    );
    fc.assert(
      fc.property(fc.array(piece), fc.array(piece), (message, nested) => {
        const { log, lines } = capturedLog();
        log.info(
          { nested: { text: nested.join('') }, text: JSON.stringify(nested) },
          message.join('').replaceAll('%', ''),
        );
        JSON.parse(lines[0] ?? '');
        assert.ok(!lines[0]?.includes(key));
      }),
    );
  });

  it('reads a very long line once, also one made to be hard', () => {
    const length = 200_000;
    for (const unit of ['a', '://', '://a:', 'sk-ant-', 'bearer ', '\\', '"token', '?token', '\\"token\\"'])
      scrub(unit.repeat(length / unit.length));
  });
});
