import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PartitionBatch } from '@bursar/bus/partition-loop';
import type { Pool } from '@bursar/db/pool';
import { createLog } from '@bursar/runtime/log';
import type { BatchWriter } from './batch-writer.ts';
import type { ConfigurationKeeper } from './configuration-keeper.ts';
import { PartitionKeeper } from './partition-keeper.ts';
import { PostgresWaits } from './postgres-away.ts';

const OFFSET_IN_POSTGRES = { next_offset: '110', cluster_id: 'c', last_sha256: null };

test('a log that grew, and was read on by another member, after its end was looked up is not taken for a shorter one', async () => {
  const ends = [100n, 120n];
  const keeper = new PartitionKeeper({
    ...{ topic: 't', clusterId: 'c', owner: 'o', log: createLog({ service: 'test', level: 'silent' }) },
    pool: { query: async () => ({ rows: [OFFSET_IN_POSTGRES], rowCount: 1 }) } as unknown as Pool,
    writer: { write: async () => ({ state: 'written' }) } as unknown as BatchWriter,
    configuration: {} as ConfigurationKeeper,
    waits: new PostgresWaits(),
    watermarks: async () => [{ partition: 0, low: 0n, high: ends.shift()! }],
  });
  const record = { offset: 110n, key: null, value: null, headers: {} };
  const heartbeat = async () => {};
  const batch: PartitionBatch = {
    ...{ partition: 0, records: [record], highWatermark: 111n, reading: 1, lapse: 0, heartbeat },
    signal: new AbortController().signal,
  };
  assert.deepEqual(await keeper.work(batch), { verdict: 'done', next: 111n });
});
