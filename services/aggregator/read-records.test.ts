import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { KafkaRecord } from '@bursar/bus/partition-loop';
import type { UsageEvent } from '@bursar/events/cloudevent';
import { uuidV7 } from '@bursar/events/uuid-v7';
import fc from 'fast-check';
import { recordOf, trafficKey, usageEvent } from '../../test/harness/traffic.ts';
import { readRecords } from './read-records.ts';

const DAY_MS = 86_400_000;
const at = { topic: 'bursar.usage.v1', partition: 3, nowMs: Date.now() };

function kafkaRecord(value: Buffer | string | null, offset = 0n): KafkaRecord {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return { offset, key: null, value: bytes, headers: { 'content-type': 'application/cloudevents+json' } };
}

function recordFor(event: UsageEvent, offset = 0n): KafkaRecord {
  return kafkaRecord(recordOf(event).value, offset);
}

function reasonOf(event: UsageEvent): string | undefined {
  return readRecords([recordFor(event)], at).quarantined[0]?.reason;
}

test('an event counts; a second record with its id is a repeat', () => {
  const event = usageEvent(trafficKey());
  const upperCase = { ...event, id: event.id.toUpperCase() };
  const readings = readRecords([recordFor(event, 0n), recordFor(upperCase, 1n)], at);
  assert.equal(readings.usage.length, 1);
  assert.equal(readings.repeats.length, 1);
  assert.equal(readings.quarantined.length, 0);
});

test('an id outside the dedup window is quarantined, whichever way its clock is wrong', () => {
  const event = usageEvent(trafficKey());
  assert.equal(reasonOf({ ...event, id: uuidAt(at.nowMs - 11 * DAY_MS) }), 'too_old');
  assert.equal(reasonOf({ ...event, id: uuidAt(at.nowMs + 6 * 60_000) }), 'from_the_future');
  assert.equal(reasonOf({ ...event, id: event.id.replace(/^(.{14})7/, '$14') }), 'id_not_v7');
});

test('a time that does not fit the id is quarantined', () => {
  const event = usageEvent(trafficKey());
  assert.equal(reasonOf({ ...event, time: new Date(at.nowMs - 2 * DAY_MS).toISOString() }), 'implausible_time');
  assert.equal(reasonOf({ ...event, time: '9999-12-31T23:59:59Z' }), 'implausible_time');
});

test('tokens that add up to more than a request can have are quarantined', () => {
  const step = { type: 'message', input_tokens: 900_000_000, output_tokens: 0 };
  const event = usageEvent(trafficKey(), { usage: { input_tokens: 0, output_tokens: 0, iterations: [step, step] } });
  assert.equal(reasonOf(event), 'implausible_usage');
});

test('what goes to quarantine holds no secret and nothing that Postgres refuses', () => {
  const secret = `sk-ant-api03-${randomBytes(70).toString('base64url')}`;
  const { quarantined } = readRecords([kafkaRecord(`{"a":"${secret}\u0000`, 7n)], at);
  assert.equal(quarantined[0]?.reason, 'not_json');
  assert.ok(!JSON.stringify(quarantined).includes(secret.slice(13)));
  assert.ok(!quarantined[0]?.record.includes('\u0000'));
  assert.equal(quarantined[0]?.kafka_offset, '7');
});

test('no record is lost and none makes reading fail', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.json().map((text) => Buffer.from(text)),
        ),
      ),
      (values) => {
        const records = values.map((value, index) => kafkaRecord(Buffer.from(value), BigInt(index)));
        const { usage, repeats, emitters, quarantined } = readRecords(records, at);
        return usage.length + repeats.length + emitters.length + quarantined.length === records.length;
      },
    ),
  );
});

test('who is not believed tells nothing of an emitter, by an event or by the place that is legible of one', () => {
  const event = usageEvent(trafficKey());
  const illegible = kafkaRecord(JSON.stringify({ ...event, time: 'never' }), 1n);
  const records = [recordFor(event, 0n), illegible];
  assert.equal(readRecords(records, at).refused.length, 1);
  const judged = readRecords(records, at, () => ({ reason: 'unsigned', detail: 'unsigned' }));
  assert.deepEqual([judged.usage.length, judged.refused.length], [0, 0]);
  assert.deepEqual(
    judged.quarantined.map(({ reason, event_id, emitter_id }) => [reason, event_id, emitter_id]),
    [
      ['unsigned', event.id, null],
      ['invalid', null, null],
    ],
  );
});

/** A UUIDv7 of any time, made by hand: the generator never goes back. */
function uuidAt(ms: number): string {
  const hex = ms.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}${uuidV7(Date.now()).slice(13)}`;
}
