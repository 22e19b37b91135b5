import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closedBefore } from './closed-days.ts';

const closed = (zone: string | undefined, now: string) => closedBefore(zone, Date.parse(now)).toISOString();

test('a day is closed an hour after its end', () => {
  assert.equal(closed('Europe/Berlin', '2026-11-24T23:59:59.999Z'), '2026-11-23T23:00:00.000Z');
  assert.equal(closed('Europe/Berlin', '2026-11-25T00:00:00Z'), '2026-11-24T23:00:00.000Z');
});

test('without a policy days are those of UTC', () => {
  assert.equal(closed(undefined, '2026-11-24T00:59:59.999Z'), '2026-11-23T00:00:00.000Z');
  assert.equal(closed(undefined, '2026-11-24T01:00:00Z'), '2026-11-24T00:00:00.000Z');
});

test('a day of 25 hours closes after its 25th hour, one of 23 an hour earlier', () => {
  // Berlin: 25 October 2026 lasts from 22:00Z to 23:00Z the next day, 29 March 2026 from 23:00Z to 22:00Z.
  assert.equal(closed('Europe/Berlin', '2026-10-25T23:59:59Z'), '2026-10-24T22:00:00.000Z');
  assert.equal(closed('Europe/Berlin', '2026-10-26T00:00:00Z'), '2026-10-25T23:00:00.000Z');
  assert.equal(closed('Europe/Berlin', '2026-03-29T22:59:59Z'), '2026-03-28T23:00:00.000Z');
  assert.equal(closed('Europe/Berlin', '2026-03-29T23:00:00Z'), '2026-03-29T22:00:00.000Z');
});

test('a zone whose days begin on a half or quarter hour closes there', () => {
  assert.equal(closed('Asia/Kathmandu', '2026-11-24T19:15:00Z'), '2026-11-24T18:15:00.000Z');
});

test('an hour that is put forward over midnight does not open the day again', () => {
  // Beirut: clocks go from 00:00 to 01:00 on 29 March 2026, so the day begins at 01:00 local time, 22:00Z.
  assert.equal(closed('Asia/Beirut', '2026-03-28T22:59:59Z'), '2026-03-27T22:00:00.000Z');
  assert.equal(closed('Asia/Beirut', '2026-03-28T23:00:00Z'), '2026-03-28T22:00:00.000Z');
});
