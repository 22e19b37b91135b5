import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UsageEvent } from '@bursar/events/cloudevent';
import { policyText } from '../../test/harness/installation.ts';
import { trafficKey, usageEvent } from '../../test/harness/traffic.ts';
import { countingRoom } from './testing/counting-room.ts';

const policy = policyText({ keys: [{ name: 'search' }] });
const key = trafficKey();

test('events that can not be read as a whole are quarantined in the account of their emitter, their copies are duplicates', async () => {
  await using room = await countingRoom('illegible', policy);
  const illegible = Array.from({ length: 4 }, () => ({ ...usageEvent(key), time: 'never' }));
  const unknown = { ...usageEvent(key), type: 'dev.bursar.usage.v9' } as unknown as UsageEvent;
  await room.write([usageEvent(key), ...illegible, unknown]);
  await room.write([illegible[0]!, unknown]);
  const { rows } = await room.db.query(
    'select sum(seen)::int as seen, sum(quarantined)::int as quarantined, sum(duplicates)::int as duplicates from emitter_seq',
  );
  assert.deepEqual(rows, [{ seen: 1, quarantined: 5, duplicates: 2 }]);
  const kept = await room.db.query(
    'select count(*)::int as kept, count(distinct event_id)::int as events from quarantine',
  );
  assert.deepEqual(kept.rows, [{ kept: 7, events: 5 }]);
});
