import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { uuidV7 } from '@bursar/events/uuid-v7';
import { freshDatabase } from '../../../../test/harness/database.ts';
import { testPool } from '../../../../test/harness/ledger.ts';
import { activatePolicy } from '../configuration/activate.ts';
import { loadConfiguration } from '../configuration/measures.ts';
import { submitPolicy } from '../configuration/submit-policy.ts';

import type { Pool } from '../pool.ts';
import { openOffset } from './claim-offset.ts';
import { ensureDimensions } from './dimensions.ts';
import { ensureKeyRefs } from './identities.ts';
import { ensurePartitions } from './partitions.ts';
import type { EventRow, WindowRow } from './rows.ts';
import { type LedgerBatch, writeBatch } from './write-batch.ts';

const HOUR_MS = 3_600_000;
const topic = 'usage';
const measure = {
  definition: 'cost day UTC together service=search',
  select_kind: 'service',
  select_name: 'search',
  each_kind: 'together',
  metric: 'cost',
  period: 'day',
  timezone: 'UTC',
};

/** A ledger with one key, one dimension and a limit of 10 USD a day that warns at 8. */
async function openLedger(db: Pool) {
  const nowMs = Date.now();
  await ensurePartitions(db, new Date(nowMs - 24 * HOUR_MS), new Date(nowMs + 24 * HOUR_MS));
  const sha256 = randomUUID().replaceAll('-', '').repeat(2);
  const keyRef = (
    await ensureKeyRefs(db, [{ sha256, hint: 'sk-ant-api03-abc...defg', declaredApiKeyId: null, vouchedBy: '' }])
  ).get(sha256)!;
  const ids = await ensureDimensions(db, [
    {
      key_ref: keyRef,
      role: 'USER',
      workspace_id: '',
      service: 'search',
      principal: '',
      model: 'm',
      price_row: 'p',
      usage_basis: 'reported',
    },
  ]);
  const dimensionId = [...ids.values()][0]!;
  await activate(db, '10');
  await openOffset(db, { topic, partition: 0, clusterId: 'c', owner: 'a', lowWatermark: 0n });
  return { dimensionId, configuration: await loadConfiguration(db) };
}

async function activate(db: Pool, amountUsd: string): Promise<number> {
  const versionId = await submitPolicy(db, { contentHash: amountUsd, source: '', policyJson: {}, reason: 'test' });
  const warnAt = (Number(amountUsd) * 0.8).toString();
  const { definition } = measure;
  await activatePolicy(db, versionId, {
    measures: [measure],
    limits: [
      {
        name: 'L',
        definition,
        amount: amountUsd,
        on_breach: 'suspend',
        resume_kind: 'next_period',
        resume_after_ms: null,
        stands_for_ms: 0,
      },
    ],
    thresholds: [
      { limit_name: 'L', definition, percent: 80, kind: 'warning', amount: warnAt },
      { limit_name: 'L', definition, percent: 100, kind: 'limit', amount: amountUsd },
    ],
  });
  return versionId;
}

type RowForm = LedgerBatch['rowForm'];
type Ledger = Awaited<ReturnType<typeof openLedger>> & { rowForm: RowForm };

/** A batch of events that cost `usdEach`, the first at `offset`. */
function batchOf(
  ledger: Ledger,
  offset: number,
  eventIds: string[],
  usdEach: number,
  provisional = false,
): LedgerBatch {
  const { configuration, dimensionId, rowForm } = ledger;
  const today = new Date().toISOString().slice(0, 10);
  const bucket = `${today}T00:00:00Z`;
  const money = (count: number) => (usdEach * count).toFixed(12);
  return {
    claim: {
      topic,
      partition: 0,
      clusterId: 'c',
      owner: 'a',
      expectedOffset: BigInt(offset),
      nextOffset: BigInt(offset + eventIds.length),
      epoch: configuration.epoch,
      lastSha256: new Uint8Array(32),
    },
    policyVersionId: configuration.policyVersionId,
    rowForm,
    closedBefore: new Date(0),
    events: [...eventIds].sort().map((id) => row(id, dimensionId, money(1))),
    quarantined: [],
    sum(isFresh) {
      const count = eventIds.filter(isFresh).length;
      if (count === 0) return { minutes: [], quarterHours: [], emitters: [], emitterQuarters: [], windows: [] };
      const cell = {
        bucket,
        dimension_id: dimensionId,
        requests: count,
        errors: 0,
        input_tokens: count,
        output_tokens: 0,
        cache_read_tokens: 0,
        cache_write_5m_tokens: 0,
        cache_write_1h_tokens: 0,
        web_searches: 0,
      };
      const cost = provisional
        ? { cost_firm_usd: '0', cost_provisional_usd: money(count) }
        : { cost_firm_usd: money(count), cost_provisional_usd: '0' };
      const cells = [{ ...cell, ...cost, cost_estimated_usd: '0' }];
      return {
        minutes: cells,
        quarterHours: cells,
        emitters: [],
        emitterQuarters: [],
        windows: [window(ledger, money(count), provisional)],
      };
    },
  };
}

function window({ configuration }: Ledger, total: string, provisional: boolean): WindowRow {
  const start = new Date(`${new Date().toISOString().slice(0, 10)}T00:00:00Z`);
  return {
    measure_id: configuration.measures[0]!.measureId,
    subject: '',
    window_start: start.toISOString(),
    window_end: new Date(start.getTime() + 24 * HOUR_MS).toISOString(),
    total,
    provisional: provisional ? total : '0',
  };
}

function row(eventId: string, dimensionId: number, cost: string): EventRow {
  return {
    event_id: eventId,
    call_id: randomUUID(),
    occurred_at: new Date(),
    kafka_offset: '0',
    seq: 1,
    dimension_id: dimensionId,
    emitter_boot_id: 1,
    kafka_partition: 0,
    duration_ms: 1,
    first_byte_ms: null,
    input_tokens: 1,
    output_tokens: 0,
    cache_read_tokens: 0,
    cache_write_5m_tokens: 0,
    cache_write_1h_tokens: 0,
    web_searches: 0,
    max_tokens_requested: null,
    max_tokens_sent: null,
    operation: 'messages',
    outcome: 'complete',
    cost_basis: 'firm',
    attempt: 0,
    status: 200,
    stream: false,
    cost_usd: cost,
    requested_model: 'm',
    request_id: null,
    message_id: null,
    error_type: null,
    stop_reason: null,
    tags: '{"team":"a \\"quoted\\" \\\\ one"}',
  };
}

const someIds = (count: number) => Array.from({ length: count }, () => uuidV7(Date.now()));

/** Both ways in which rows are added must be the same to everyone else. */
function inBothForms(name: string, body: (rowForm: RowForm) => Promise<void>): void {
  for (const rowForm of ['copy', 'insert'] as const) test(`${name} (by ${rowForm})`, () => body(rowForm));
}

async function breaches(db: Pool): Promise<string[]> {
  const { rows } = await db.query<{ kind: string; percent: number; source: string }>(
    'select kind, percent, source from breach order by breach_id',
  );
  return rows.map(({ kind, percent, source }) => `${kind} ${percent} ${source}`);
}

async function requests(db: Pool): Promise<number> {
  return Number((await db.query('select sum(requests) as n from usage_quarter_hour')).rows[0].n ?? 0);
}

inBothForms('a writer that expects an offset that another has moved writes nothing', async (rowForm) => {
  await using database = await freshDatabase('zombie');
  await using db = testPool(database.url);
  const ledger = { ...(await openLedger(db)), rowForm };
  assert.equal((await writeBatch(db, batchOf(ledger, 0, someIds(3), 1))).state, 'written');
  const zombie = await writeBatch(db, batchOf(ledger, 0, someIds(3), 1));
  assert.deepEqual(zombie, { state: 'lost', nextOffset: 3n, epoch: ledger.configuration.epoch });
  assert.equal(await requests(db), 3);
});

inBothForms('a batch prepared under an older configuration writes nothing', async (rowForm) => {
  await using database = await freshDatabase('epoch');
  await using db = testPool(database.url);
  const ledger = { ...(await openLedger(db)), rowForm };
  await activate(db, '20');
  const late = await writeBatch(db, batchOf(ledger, 0, someIds(3), 1));
  assert.deepEqual(late, { state: 'lost', nextOffset: 0n, epoch: ledger.configuration.epoch + 1n });
  assert.equal(await requests(db), 0);
});

inBothForms('an event that comes again counts nowhere', async (rowForm) => {
  await using database = await freshDatabase('dedup');
  await using db = testPool(database.url);
  const ledger = { ...(await openLedger(db)), rowForm };
  const ids = someIds(5);
  await writeBatch(db, batchOf(ledger, 0, ids, 1));
  const again = await writeBatch(db, batchOf(ledger, 5, [...ids, ...someIds(2)], 1));
  assert.deepEqual(again, { state: 'written', fresh: 2, duplicates: 5, breaches: 0, lateCrossings: 0 });
  assert.equal(await requests(db), 7);
  assert.equal(Number((await db.query('select total from limit_window')).rows[0].total), 7);
});

inBothForms('a threshold speaks once, in the transaction that carries the sum over it', async (rowForm) => {
  await using database = await freshDatabase('crossing');
  await using db = testPool(database.url);
  const ledger = { ...(await openLedger(db)), rowForm };
  await writeBatch(db, batchOf(ledger, 0, someIds(7), 1));
  assert.deepEqual(await breaches(db), []);
  await writeBatch(db, batchOf(ledger, 7, someIds(1), 2.999999999999));
  assert.deepEqual(await breaches(db), ['warning 80 write_path'], 'a pico-dollar is missing');
  await writeBatch(db, batchOf(ledger, 8, someIds(1), 0.000000000001));
  assert.deepEqual(await breaches(db), ['warning 80 write_path', 'limit 100 write_path'], 'the amount is reached');
  await writeBatch(db, batchOf(ledger, 9, someIds(30), 1));
  assert.equal((await breaches(db)).length, 2);
});

inBothForms('a limit that is crossed in a window that has ended is a finding and no breach', async (rowForm) => {
  await using database = await freshDatabase('late');
  await using db = testPool(database.url);
  const ledger = { ...(await openLedger(db)), rowForm };
  const yesterday = new Date(Date.now() - 48 * HOUR_MS).toISOString();
  const ended = new Date(Date.now() - 24 * HOUR_MS).toISOString();
  const batch = batchOf(ledger, 0, someIds(1), 11);
  const late = { ...window(ledger, '11', false), window_start: yesterday, window_end: ended };
  const written = await writeBatch(db, {
    ...batch,
    sum: (isFresh) => ({ ...batch.sum(isFresh, () => true), windows: [late] }),
  });
  assert.deepEqual(written, { state: 'written', fresh: 1, duplicates: 0, breaches: 0, lateCrossings: 1 });
  const { rows } = await db.query('select kind from finding');
  assert.deepEqual(rows, [{ kind: 'late_crossing' }]);
});

inBothForms(
  'a limit that stands only by cost of unknown price is provisional until the rest carries it over',
  async (rowForm) => {
    await using database = await freshDatabase('provisional');
    await using db = testPool(database.url);
    const ledger = { ...(await openLedger(db)), rowForm };
    await writeBatch(db, batchOf(ledger, 0, someIds(11), 1, true));
    assert.deepEqual((await breaches(db)).sort(), ['provisional 100 write_path', 'warning 80 write_path']);
    await writeBatch(db, batchOf(ledger, 11, someIds(11), 1));
    assert.ok((await breaches(db)).includes('limit 100 write_path'));
  },
);

inBothForms(
  'a new limit begins with what was used before it, and a lowered one acts at its activation',
  async (rowForm) => {
    await using database = await freshDatabase('base');
    await using db = testPool(database.url);
    const ledger = { ...(await openLedger(db)), rowForm };
    await writeBatch(db, batchOf(ledger, 0, someIds(9), 1));
    await db.query('delete from limit_window');
    await db.query(`update measure set counted_from = 'infinity'`);
    await activate(db, '5');
    assert.equal(
      Number((await db.query('select total from limit_window')).rows[0].total),
      9,
      'the base comes from the cube',
    );
    assert.deepEqual(await breaches(db), ['warning 80 write_path', 'warning 80 activation', 'limit 100 activation']);
  },
);

inBothForms('a raised limit can break again in the same window', async (rowForm) => {
  await using database = await freshDatabase('again');
  await using db = testPool(database.url);
  const ledger = { ...(await openLedger(db)), rowForm };
  await writeBatch(db, batchOf(ledger, 0, someIds(11), 1));
  await activate(db, '20');
  const raised = { ...ledger, configuration: await loadConfiguration(db) };
  await writeBatch(db, batchOf(raised, 11, someIds(10), 1));
  const { rows } = await db.query(
    `select generation, amount::float from breach where kind = 'limit' order by breach_id`,
  );
  assert.deepEqual(rows, [
    { generation: 1, amount: 10 },
    { generation: 2, amount: 20 },
  ]);
});
