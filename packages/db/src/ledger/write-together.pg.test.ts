import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uuidV7 } from '@bursar/events/uuid-v7';
import { freshDatabase } from '../../../../test/harness/database.ts';
import { testPool } from '../../../../test/harness/ledger.ts';
import { type Added, batchOf, cellOf, type LimitedLedger, limitedLedger, windowOf } from '../../test/limited-ledger.ts';
import type { Pool } from '../pool.ts';
import type { EventRow } from './rows.ts';
import type { LedgerBatch } from './write-batch.ts';
import { writeTogether } from './write-together.ts';

const NOW = new Date();

/** A batch of these events, each a dollar, on a partition. */
function batch(
  ledger: LimitedLedger,
  added: Added & { partition: number },
  ids: string[] = [uuidV7(Date.now())],
): LedgerBatch {
  const dimensionId = ledger.dimensionIds[0]!;
  const cells = [cellOf(dimensionId)];
  const sums = { minutes: cells, quarterHours: cells, windows: [windowOf(ledger, '6')] };
  return {
    ...batchOf(ledger, { ...sums, ...added }),
    rowForm: 'fitting',
    events: ids.map((id) => row(id, dimensionId)),
  };
}

async function state(db: Pool): Promise<Record<string, unknown>> {
  const { rows } = await db.query(
    `select (select array_agg(next_offset::int order by partition) from kafka_offset) as next,
            (select count(*)::int from usage_event) as events,
            (select sum(requests)::int from usage_minute) as minute, (select sum(requests)::int from usage_quarter_hour) as quarter_hour,
            (select sum(total)::int from limit_window) as spent, (select count(*)::int from breach) as breaches`,
  );
  return rows[0];
}

const UNTOUCHED = { next: [0, 0, 0], events: 0, minute: null, quarter_hour: null, spent: null, breaches: 0 };

async function open(name: string) {
  const database = await freshDatabase(name);
  const db = testPool(database.url);
  const ledger = await limitedLedger(db, { limit: '10', partitions: 3 });
  return {
    ...{ db, ledger },
    async [Symbol.asyncDispose]() {
      await db.end();
      await database[Symbol.asyncDispose]();
    },
  };
}

for (const rowForm of ['copy', 'insert'] as const) {
  test(`batches of several partitions are one transaction by ${rowForm}, also where they add to the same cell and window`, async () => {
    await using it = await open(`together_${rowForm}`);
    const batches = [0, 1, 2].map((partition) => ({ ...batch(it.ledger, { partition }), rowForm }));
    const written = await writeTogether(it.db, batches);
    assert.deepEqual(
      written?.map((one) => one.state === 'written' && [one.fresh, one.duplicates, one.breaches]),
      [
        [1, 0, 1],
        [1, 0, 0],
        [1, 0, 0],
      ],
    );
    assert.deepEqual(await state(it.db), {
      next: [1, 1, 1],
      events: 3,
      minute: 3,
      quarter_hour: 3,
      spent: 18,
      breaches: 1,
    });
    const { rows } = await it.db.query('select count(distinct xmin::text)::int as transactions from usage_event');
    assert.deepEqual(rows, [{ transactions: 1 }]);
  });
}

test('nothing is written when one partition was moved, one is of another cluster, or the configuration has changed', async () => {
  await using it = await open('together_lost');
  const others: LedgerBatch[] = [
    batch(it.ledger, { partition: 1, offset: 5 }),
    batch(it.ledger, { partition: 1, clusterId: 'other' }),
    batch(it.ledger, { partition: 7 }),
  ];
  for (const other of others) {
    assert.equal(await writeTogether(it.db, [batch(it.ledger, { partition: 0 }), other]), undefined);
    assert.deepEqual(await state(it.db), UNTOUCHED);
  }
  await it.db.query('update configuration_epoch set epoch = epoch + 1');
  const both = [0, 1].map((partition) => batch(it.ledger, { partition }));
  assert.equal(await writeTogether(it.db, both), undefined);
  assert.deepEqual(await state(it.db), UNTOUCHED);
});

test('an event that comes on two partitions is for each batch by itself; one that is stored is told by its batch', async () => {
  await using it = await open('together_twice');
  const [id, other] = [uuidV7(Date.now()), uuidV7(Date.now())];
  const twice = [0, 1].map((partition) => batch(it.ledger, { partition }, [id]));
  for (const rowForm of ['fitting', 'copy', 'insert'] as const) {
    const inForm = twice.map((one) => ({ ...one, rowForm }));
    assert.equal(await writeTogether(it.db, inForm), undefined, rowForm);
  }
  assert.deepEqual(await state(it.db), UNTOUCHED);
  await writeTogether(it.db, [batch(it.ledger, { partition: 2 }, [id])]);
  const again = await writeTogether(it.db, [
    batch(it.ledger, { partition: 0 }, [id]),
    batch(it.ledger, { partition: 1 }, [other]),
  ]);
  assert.deepEqual(
    again?.map((one) => one.state === 'written' && [one.fresh, one.duplicates]),
    [
      [0, 1],
      [1, 0],
    ],
  );
  const copied = [1, 2].map((partition) =>
    batch(it.ledger, { partition, offset: 1 }, [partition === 1 ? id : uuidV7(Date.now())]),
  );
  assert.equal(
    await writeTogether(
      it.db,
      copied.map((one) => ({ ...one, rowForm: 'copy' as const })),
    ),
    undefined,
  );
});

test('a day without a table is for each batch by itself', async () => {
  await using it = await open('together_day');
  const longAgo = batch(it.ledger, { partition: 0 }, ['01800000-0000-7000-8000-000000000001']);
  assert.equal(await writeTogether(it.db, [longAgo, batch(it.ledger, { partition: 1 })]), undefined);
  assert.deepEqual(await state(it.db), UNTOUCHED);
});

function row(event_id: string, dimension_id: number): EventRow {
  return {
    ...{ event_id, call_id: null, occurred_at: NOW, kafka_offset: '0', seq: 1, dimension_id, emitter_boot_id: 1 },
    ...{ kafka_partition: 0, duration_ms: 1, first_byte_ms: null, input_tokens: 1, output_tokens: 0 },
    ...{ cache_read_tokens: 0, cache_write_5m_tokens: 0, cache_write_1h_tokens: 0, web_searches: 0 },
    ...{ max_tokens_requested: null, max_tokens_sent: null, operation: 'messages', outcome: 'complete' },
    ...{ cost_basis: 'firm', attempt: 0, status: 200, stream: false, cost_usd: '1' },
    ...{ requested_model: null, request_id: null, message_id: null, error_type: null, stop_reason: null, tags: null },
  };
}
