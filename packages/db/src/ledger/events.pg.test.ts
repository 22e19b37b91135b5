import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { uuidV7 } from '@bursar/events/uuid-v7';
import fc from 'fast-check';
import { freshDatabase } from '../../../../test/harness/database.ts';
import { testPool } from '../../../../test/harness/ledger.ts';
import type { Pool } from '../pool.ts';
import { inTransaction } from '../transaction.ts';
import { copyEvents, DuplicateEvent, insertEvents } from './events.ts';
import { ensurePartitions } from './partitions.ts';
import type { EventRow } from './rows.ts';

const DAY_MS = 86_400_000;

const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const smallint = fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 });
/** What Postgres can store: no NUL, no lone surrogates. */
const text = fc
  .string({ unit: 'binary', maxLength: 40 })
  .filter((value) => !value.includes('\0') && value.isWellFormed());
const usd = fc
  .bigInt({ min: 0n, max: 10n ** 23n })
  .map((pico) => `${pico / 10n ** 12n}.${String(pico % 10n ** 12n).padStart(12, '0')}`);

const eventRow: fc.Arbitrary<Omit<EventRow, 'event_id'>> = fc.record({
  call_id: orNull(fc.uuid()),
  occurred_at: fc.date({
    min: new Date('1970-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59Z'),
    noInvalidDate: true,
  }),
  kafka_offset: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }).map(String),
  seq: fc.oneof(fc.nat(), fc.constant(Number.MAX_SAFE_INTEGER)),
  ...{
    dimension_id: int,
    emitter_boot_id: int,
    kafka_partition: smallint,
    duration_ms: int,
    first_byte_ms: orNull(int),
  },
  ...{ input_tokens: int, output_tokens: int, cache_read_tokens: int, cache_write_5m_tokens: int },
  ...{
    cache_write_1h_tokens: int,
    web_searches: smallint,
    max_tokens_requested: orNull(int),
    max_tokens_sent: orNull(int),
  },
  operation: fc.constantFrom('messages', 'batches', 'count_tokens'),
  outcome: fc.constantFrom('complete', 'cancelled', 'truncated', 'http_error', 'transport_error', 'refused'),
  cost_basis: fc.constantFrom('firm', 'estimated', 'provisional'),
  ...{ attempt: smallint, status: orNull(smallint), stream: fc.boolean(), cost_usd: usd },
  ...{ requested_model: orNull(text), request_id: orNull(text), message_id: orNull(text) },
  ...{ error_type: orNull(text), stop_reason: orNull(text) },
  tags: orNull(fc.dictionary(text, text, { maxKeys: 4 }).map((tags) => JSON.stringify(tags))),
});

async function stored(db: Pool): Promise<Record<string, unknown>[]> {
  const { rows } = await db.query('select * from usage_event order by event_id');
  return rows.map(({ stored_at: _, ...row }) => row);
}

// Six thousand are more than the buffer holds at first.
test('rows that are copied are, column by column, those that are inserted', async () => {
  await using database = await freshDatabase('copied');
  await using db = testPool(database.url);
  await ensurePartitions(db, new Date(Date.now() - DAY_MS), new Date(Date.now() + DAY_MS));
  const samples = fc.sample(eventRow, 6_000);
  const rows = samples.map((row) => ({ event_id: uuidV7(Date.now()), ...row }) as EventRow);
  await inTransaction(db, (connection) => insertEvents(connection, rows));
  const inserted = await stored(db);
  await db.query('truncate usage_event');
  await inTransaction(db, (connection) => copyEvents(connection, rows));
  assert.equal(inserted.length, rows.length);
  assert.deepEqual(await stored(db), inserted);
});

test('a copy with one row that is stored already adds none, and says why', async () => {
  await using database = await freshDatabase('copied_twice');
  await using db = testPool(database.url);
  await ensurePartitions(db, new Date(Date.now() - DAY_MS), new Date(Date.now() + DAY_MS));
  const rows = fc.sample(eventRow, 20).map((row) => ({ event_id: uuidV7(Date.now()), ...row }) as EventRow);
  await inTransaction(db, (connection) => copyEvents(connection, rows.slice(7, 8)));
  await assert.rejects(
    inTransaction(db, (connection) => copyEvents(connection, rows)),
    DuplicateEvent,
  );
  assert.equal((await stored(db)).length, 1);
});

test('a row that is not a row ends the copy with an error and leaves the connection usable', async () => {
  await using database = await freshDatabase('copied_wrong');
  await using db = testPool(database.url);
  await ensurePartitions(db, new Date(Date.now() - DAY_MS), new Date(Date.now() + DAY_MS));
  const [row] = fc.sample(eventRow, 1);
  const wrong = { ...row, event_id: randomUUID().slice(0, 30) } as EventRow;
  const unknownOutcome = { ...row, event_id: uuidV7(Date.now()), outcome: 'lost' } as EventRow;
  await assert.rejects(
    inTransaction(db, (connection) => copyEvents(connection, [wrong])),
    /is not a UUID/,
  );
  await assert.rejects(
    inTransaction(db, (connection) => copyEvents(connection, [unknownOutcome])),
    /enum outcome/,
  );
  assert.deepEqual(await stored(db), []);
});
