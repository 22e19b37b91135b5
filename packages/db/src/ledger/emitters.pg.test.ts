import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { uuidV7 } from '@bursar/events/uuid-v7';
import { freshDatabase } from '../../../../test/harness/database.ts';
import { testPool } from '../../../../test/harness/ledger.ts';
import type { Connection, Pool } from '../pool.ts';
import { inTransaction } from '../transaction.ts';
import { pruneEmitterQuarters, pruneEmitters, releaseQuarantined } from './emitters.ts';
import { insertQuarantine } from './quarantine.ts';
import type { EmitterQuarterRow, EmitterRow, QuarantineRow } from './rows.ts';
import { addSums } from './sums.ts';

const DAY_MS = 86_400_000;
const NOTHING = { minutes: [], quarterHours: [], emitters: [], emitterQuarters: [] };
const BOOT = randomUUID();
const QUARTER = '2026-11-20T10:00:00.000Z';
const who = { emitter_id: 'search/1', boot: BOOT, partition: 0, service: 'search' };
const counts = { seen: 0, duplicates: 0, quarantined: 0, unnumbered: 0, highest_seq: 0, dropped: '{}' };

function seqRow(fields: Partial<EmitterRow>): EmitterRow {
  const untold = { pending: null, told_at: null, started_at: null, closed_at: null };
  return { ...who, ...counts, last_event_seq: 0, ...untold, ...fields };
}

function quarterRow(fields: Partial<EmitterQuarterRow>): EmitterQuarterRow {
  return { ...who, ...counts, quarter: QUARTER, lowest_pending: null, ...fields };
}

let offset = 0;
function refused(fields: Partial<QuarantineRow> = {}): QuarantineRow {
  return {
    topic: 'usage',
    partition: 0,
    kafka_offset: String(offset++),
    reason: 'too_old',
    detail: '',
    record: '',
    record_key: null,
    headers: '{}',
    altered: null,
    record_bytes: 0,
    event_id: uuidV7(Date.now()),
    emitter_id: 'search/1',
    boot: BOOT,
    seq: 1,
    quarter: QUARTER,
    ...fields,
  };
}

async function ledger(name: string) {
  const database = await freshDatabase(name);
  const db = testPool(database.url);
  return {
    db,
    write: <T>(work: (connection: Connection) => Promise<T>) => inTransaction(db, work),
    async [Symbol.asyncDispose]() {
      await db.end();
      await database[Symbol.asyncDispose]();
    },
  };
}

async function one(db: Pool, query: string): Promise<Record<string, unknown>> {
  return (await db.query(query)).rows[0];
}

test('what an emitter says of itself is never undone by an older record that comes later', async () => {
  await using it = await ledger('emitters_order');
  const told = (dropped: object, pending: number | null, toldAt: string | null, highest_seq: number) =>
    it.write(async (connection) => {
      const row = { dropped: JSON.stringify(dropped), highest_seq };
      await addSums(connection, { ...NOTHING, emitters: [seqRow({ ...row, pending, told_at: toldAt })] });
      await addSums(connection, { ...NOTHING, emitterQuarters: [quarterRow({ ...row, lowest_pending: pending })] });
    });
  await told({ queue_full: 7, defect: 1 }, 3, '2026-11-20T10:00:20Z', 50);
  await told({ queue_full: 2, closed: 4 }, 9, '2026-11-20T10:00:10Z', 20);
  await told({}, null, null, 51);
  const dropped = { queue_full: 7, defect: 1, closed: 4 };
  assert.deepEqual(await one(it.db, 'select dropped, pending, highest_seq from emitter_seq'), {
    dropped,
    pending: '3',
    highest_seq: '51',
  });
  assert.deepEqual(await one(it.db, 'select dropped, lowest_pending from emitter_quarter_hour'), {
    dropped,
    lowest_pending: '3',
  });
});

test('however many reasons for drops an emitter invents, its row keeps the 32 greatest', async () => {
  await using it = await ledger('emitters_reasons');
  for (const word of ['a', 'b']) {
    const dropped = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`${word}${at}`, 100 + at]));
    await it.write((connection) =>
      addSums(connection, { ...NOTHING, emitters: [seqRow({ dropped: JSON.stringify(dropped) })] }),
    );
  }
  const row = await one(it.db, 'select count(*)::int as reasons from emitter_seq, jsonb_object_keys(dropped)');
  assert.deepEqual(row, { reasons: 32 });
});

test('a record counts as quarantined once: not on a replay, not for a further copy', async () => {
  await using it = await ledger('emitters_quarantine');
  const first = refused();
  const copy = refused({ event_id: first.event_id });
  const other = refused();
  const insert = (...rows: QuarantineRow[]) => it.write((connection) => insertQuarantine(connection, rows));
  assert.deepEqual([...(await insert(first, copy))], [first.kafka_offset]);
  assert.deepEqual([...(await insert(first, copy, other))], [other.kafka_offset], 'a replay');
  assert.deepEqual([...(await insert(refused({ event_id: other.event_id })))], [], 'sent again');
  const unread = refused({ event_id: null, emitter_id: null, boot: null, seq: null, quarter: null });
  assert.deepEqual([...(await insert(unread))], []);
  assert.deepEqual(await one(it.db, 'select count(*)::int as kept, count(quarter)::int as counted from quarantine'), {
    kept: 5,
    counted: 2,
  });
});

test('a quarantined record that is sent again is taken out of the count once, and counts again when it is refused again', async () => {
  await using it = await ledger('emitters_release');
  const [a, b] = [refused(), refused()];
  await it.write(async (connection) => {
    await insertQuarantine(connection, [a, b]);
    await addSums(connection, { ...NOTHING, emitters: [seqRow({ quarantined: 2, highest_seq: 2 })] });
    await addSums(connection, { ...NOTHING, emitterQuarters: [quarterRow({ quarantined: 2, highest_seq: 2 })] });
  });
  const { rows } = await it.db.query<{ quarantine_id: string }>('select quarantine_id from quarantine order by 1');
  const release = () => it.write((connection) => releaseQuarantined(connection, [rows[0]!.quarantine_id]));
  assert.equal(await release(), 1);
  assert.equal(await release(), 0, 'released already');
  for (const table of ['emitter_seq', 'emitter_quarter_hour'])
    assert.deepEqual(await one(it.db, `select quarantined, highest_seq from ${table}`), {
      quarantined: '1',
      highest_seq: '2',
    });
  const again = refused({ event_id: a.event_id });
  assert.deepEqual(
    [...(await it.write((connection) => insertQuarantine(connection, [again])))],
    [again.kafka_offset],
    'refused again, it counts again',
  );
});

test('old quarters are forgotten, but the last one of a boot that is still heard stays', async () => {
  await using it = await ledger('emitters_prune');
  const daysAgo = (days: number) => quarterRow({ quarter: new Date(Date.now() - days * DAY_MS).toISOString() });
  await it.write(async (connection) => {
    await addSums(connection, {
      ...NOTHING,
      emitters: [seqRow({}), seqRow({ boot: 'ffffffff-0000-4000-8000-000000000000' })],
    });
    await addSums(connection, { ...NOTHING, emitterQuarters: [40, 39, 38, 2].map(daysAgo) });
    await addSums(connection, {
      ...NOTHING,
      emitterQuarters: [{ ...daysAgo(40), boot: 'ffffffff-0000-4000-8000-000000000000' }],
    });
  });
  await it.db.query(`update emitter_seq set last_seen_at = now() - interval '40 days' where boot <> $1`, [BOOT]);
  assert.equal(await pruneEmitterQuarters(it.db, 35 * DAY_MS), 3);
  const { rows } = await it.db.query(
    `select boot, round(extract(epoch from now() - quarter) / 86400)::int as days from emitter_quarter_hour order by 2 desc`,
  );
  assert.deepEqual(rows, [
    { boot: BOOT, days: 38 },
    { boot: BOOT, days: 2 },
  ]);
});

test('a boot is forgotten when nothing of it was heard for long, unless numbers of it are missing', async () => {
  await using database = await freshDatabase('forgotten_boots');
  await using db = testPool(database.url);
  const [old, missing, partly] = [randomUUID(), randomUUID(), randomUUID()];
  await inTransaction(db, (connection) =>
    addSums(connection, {
      ...NOTHING,
      emitters: [
        ...[BOOT, old, missing, partly].sort().map((boot) => seqRow({ boot, seen: 1 })),
        seqRow({ boot: partly, partition: 1, seen: 1 }),
      ],
    }),
  );
  const age = `update emitter_seq set last_seen_at = now() - interval '101 days' where boot = $1`;
  for (const boot of [old, missing]) await db.query(age, [boot]);
  await db.query(`${age} and partition = 0`, [partly]);
  await db.query(
    `insert into emitter_hole (emitter_id, boot, quarter, missing) values ('search/1', $1, now() - interval '101 days', 1)`,
    [missing],
  );
  assert.equal(await pruneEmitters(db, 100 * DAY_MS), 1);
  const { rows } = await db.query<{ boot: string }>('select distinct boot from emitter_seq');
  assert.deepEqual(rows.map(({ boot }) => boot).sort(), [BOOT, missing, partly].sort());
});
