import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { UsageEvent } from '@bursar/events/cloudevent';
import { uuidV7 } from '@bursar/events/uuid-v7';
import { eventually } from '../../../infra/local/eventually.ts';
import { recordOf, trafficKey, usageEvent } from '../../../test/harness/traffic.ts';
import { attacked, goodEvents, metricOf, type RawRecord, untilExactly } from './attacked.ts';

const MINUTE_MS = 60_000;
const victim = trafficKey();
const attacker = trafficKey();
const headers = { 'content-type': 'application/cloudevents+json' };
const event = () => usageEvent(attacker);
const value = (json: unknown): RawRecord => ({ key: attacker.sha256, value: JSON.stringify(json), headers });
const { specversion: _, type: __, ...illegible } = event();

/** A UUIDv7 of any time, or with another version. */
function idAt(ms: number, version = '7'): string {
  const hex = ms.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-${version}${uuidV7(Date.now()).slice(15)}`;
}

/** An emitter whose clock is off: id, time and start all say the same wrong instant. */
function clockOff(offMs: number): UsageEvent {
  const ms = Date.now() + offMs;
  return { ...usageEvent(attacker, {}, ms), id: idAt(ms) };
}

const counted = {
  hourBehind: clockOff(-60 * MINUTE_MS),
  minutesAhead: clockOff(4 * MINUTE_MS),
  keyless: event(),
  emptyKey: event(),
};
const protoTag = usageEvent(attacker, {
  tags: JSON.parse('{"__proto__":"x","constructor":"y"}'),
  service: '__proto__',
});

const QUARANTINED: [what: string, reason: string, record: RawRecord][] = [
  ['garbage', 'not_utf8', { key: attacker.sha256, value: Buffer.from([0xff, 0xfe, ...randomBytes(500)]), headers }],
  ['half an event', 'not_json', { ...recordOf(event()), value: recordOf(event()).value.slice(0, 200) }],
  ['a tombstone', 'empty', { key: attacker.sha256, value: null, headers }],
  [
    'nested beyond any stack',
    'unknown_type',
    { ...value({}), value: `{"type":${'['.repeat(90_000)}${']'.repeat(90_000)}}` },
  ],
  ['the Kafka key of another', 'key_mismatch', { ...recordOf(event()), key: victim.sha256 }],
  ['the subject of another', 'key_mismatch', value({ ...event(), subject: victim.sha256 })],
  ['a version 4 id', 'id_not_v7', value({ ...event(), id: idAt(Date.now(), '4') })],
  ['a version 1 id', 'id_not_v7', value({ ...event(), id: idAt(Date.now(), '1') })],
  ['an id of the year 9999', 'from_the_future', value({ ...event(), id: idAt(Date.UTC(9999, 5, 1)) })],
  ['a clock an hour ahead', 'from_the_future', value(clockOff(60 * MINUTE_MS))],
  ['a clock eleven days behind', 'too_old', value(clockOff(-11 * 24 * 60 * MINUTE_MS))],
  ['a legible event in an illegible envelope', 'unknown_type', value(illegible)],
  ['an event without a mode', 'unknown_type', { ...value(event()), headers: {} }],
  [
    'a NUL and half a character in a tag',
    'invalid',
    value({ ...event(), data: { ...event().data, tags: { 'a\u0000\ud800': 'x' } } }),
  ],
];

test('each hostile record ends in its own state, and the sums of those beside it are exact', async () => {
  await using ledger = await attacked('hostile');
  const good = goodEvents(victim, QUARANTINED.length * 2);
  const records = QUARANTINED.flatMap(([, , record], index) => [
    record,
    ...good.records.slice(index * 2, index * 2 + 2),
  ]);
  const { hourBehind, minutesAhead, keyless, emptyKey } = counted;
  await ledger.send([
    ...records,
    ...[hourBehind, minutesAhead, protoTag].map(recordOf),
    { ...recordOf(keyless), key: null },
    { ...recordOf(emptyKey), key: '' },
  ]);
  const aggregator = await ledger.start();
  await untilExactly(ledger.db, [...good.events, ...Object.values(counted), protoTag]);

  const { rows } = await ledger.db.query<{ offset: string; reason: string }>(
    'select kafka_offset as offset, reason from quarantine order by kafka_offset',
  );
  const expected = QUARANTINED.map(([what, reason], index) => `${what}: ${reason} at ${index * 3}`);
  assert.deepEqual(
    rows.map(({ offset, reason }) => `${QUARANTINED[Number(offset) / 3]?.[0]}: ${reason} at ${offset}`),
    expected,
  );
  const mismatches = await metricOf(aggregator, 'bursar_quarantined_total{reason="key_mismatch"');
  assert.equal(mismatches, 2);
  const stored = await ledger.db.query('select tags from usage_event where event_id = $1', [protoTag.id]);
  assert.deepEqual(Object.keys(stored.rows[0].tags).sort(), ['__proto__', 'constructor']);
  await eventually('what was quarantined is published', async () => {
    const waiting = await ledger.db.query('select 1 from quarantine where published_at is null');
    return waiting.rowCount === 0;
  });
});
