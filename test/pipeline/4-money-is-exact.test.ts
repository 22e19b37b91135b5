import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { UsageData } from '@bursar/events/usage-event';
import { eventually } from '../../infra/local/eventually.ts';
import { startService } from '../../infra/local/service-process.ts';
import { runHere } from '../../packages/cli/src/testing/run-cli.ts';
import { aggregatorEnv, sendUsage } from '../harness/aggregator.ts';
import { freshDatabase } from '../harness/database.ts';
import { freshTopics } from '../harness/kafka.ts';
import { testPool, untilStored } from '../harness/ledger.ts';
import { trafficKey, usageEvent } from '../harness/traffic.ts';

type Priced = [what: string, model: string, usage: UsageData['usage'], fields: Partial<UsageData>, usd: string];

// Reckoned by hand from the published prices per million tokens.
const priced: Priced[] = [
  [
    'every kind of token',
    'claude-sonnet-5-5',
    {
      input_tokens: 1_000,
      output_tokens: 100,
      cache_read_input_tokens: 10_000,
      cache_creation_input_tokens: 500,
      cache_creation: { ephemeral_5m_input_tokens: 200, ephemeral_1h_input_tokens: 300 },
    },
    {},
    '0.005700000000',
  ],
  ['a short prompt', 'claude-haiku-5-5', { input_tokens: 100_000, output_tokens: 10 }, {}, '0.010005000000'],
  ['a prompt one token longer', 'claude-haiku-5-5', { input_tokens: 100_001, output_tokens: 10 }, {}, '0.050025500000'],
  [
    'one token',
    'claude-haiku-5-5',
    { input_tokens: 0, output_tokens: 0, cache_read_input_tokens: 1 },
    {},
    '0.000000010000',
  ],
  [
    'a batch',
    'claude-opus-5-5',
    { input_tokens: 1_000, output_tokens: 100 },
    { serviceTier: 'batch' },
    '0.003000000000',
  ],
  [
    'the United States',
    'claude-opus-5-5',
    { input_tokens: 1_000, output_tokens: 100 },
    { inferenceGeo: 'us' },
    '0.006600000000',
  ],
  ['fast mode', 'claude-opus-5-5', { input_tokens: 1_000, output_tokens: 100 }, { speed: 'fast' }, '0.012000000000'],
  [
    'web searches',
    'claude-opus-5-5',
    { input_tokens: 1_000, output_tokens: 100, server_tool_use: { web_search_requests: 3 } },
    {},
    '0.036000000000',
  ],
];
const TOTAL = '0.123330510000';

test('what a request cost is exact in its row and in every sum, by the price in force when it ran', async () => {
  await using database = await freshDatabase('money');
  await using db = testPool(database.url);
  const kafka = await freshTopics();
  await using _aggregator = await startService('services/aggregator/main.ts', aggregatorEnv(database.url, kafka));
  const key = trafficKey();
  const events = priced.map(([, model, usage, fields]) =>
    usageEvent(key, { requestedModel: model, servedModel: model, usage, ...fields }),
  );
  await sendUsage(kafka, events);
  await untilStored(db, events.length);
  for (const [index, [what, , , , usd]] of priced.entries()) {
    const { rows } = await db.query('select cost_usd from usage_event where event_id = $1', [events[index]?.id]);
    assert.equal(rows[0].cost_usd, usd, what);
  }
  for (const cube of ['usage_minute', 'usage_quarter_hour']) {
    const { rows } = await db.query(
      `select sum(cost_firm_usd + cost_estimated_usd + cost_provisional_usd) as total from ${cube}`,
    );
    assert.equal(rows[0].total, TOTAL, cube);
  }
});

test('a new price takes effect at its date without a restart, and what was counted keeps its cost', async () => {
  await using database = await freshDatabase('new_price');
  await using db = testPool(database.url);
  const kafka = await freshTopics();
  await using _aggregator = await startService('services/aggregator/main.ts', aggregatorEnv(database.url, kafka));
  const model = 'claude-opus-5-5';
  const usage = { input_tokens: 1_000, output_tokens: 0 };
  const opus = () => usageEvent(trafficKey(), { requestedModel: model, servedModel: model, usage });
  await sendUsage(kafka, [opus()]);
  await untilStored(db, 1);

  const prices = (...args: string[]) => runHere(['prices', ...args], database.url);
  const book = JSON.parse((await prices('export')).stdout);
  const row = book.rows.find(({ id }: { id: string }) => id === 'claude-opus-5-5/2026-09-22');
  row.to = new Date().toISOString();
  const usdPerMillion = { ...row.usdPerMillion, input: '1.00' };
  book.rows.push({ ...row, id: 'a quarter of it', from: row.to, to: undefined, usdPerMillion });
  const folder = await mkdtemp(join(tmpdir(), 'bursar-prices-'));
  await writeFile(join(folder, 'prices.json'), JSON.stringify(book));
  const applied = await prices('apply', join(folder, 'prices.json'), '--reason', 'opus gets cheaper');
  await rm(folder, { recursive: true });
  assert.equal(applied.code, 0, applied.stderr);

  await sendUsage(kafka, [opus()]);
  await untilStored(db, 2);
  const { rows } = await db.query('select cost_usd from usage_event order by stored_at');
  assert.deepEqual(rows, [{ cost_usd: '0.004000000000' }, { cost_usd: '0.001000000000' }]);
});

test('a model that nobody has priced is never free: it costs the dearest, provisionally, and is a finding', async () => {
  await using database = await freshDatabase('unpriced');
  await using db = testPool(database.url);
  const kafka = await freshTopics();
  await using _aggregator = await startService('services/aggregator/main.ts', aggregatorEnv(database.url, kafka));
  const model = 'claude-unheard-of-9';
  await sendUsage(kafka, [usageEvent(trafficKey(), { requestedModel: model, servedModel: model })]);
  await untilStored(db, 1);
  const { rows } = await db.query('select cost_usd > 0 as costs, cost_basis from usage_event');
  assert.deepEqual(rows, [{ costs: true, cost_basis: 'provisional' }]);
  await eventually('it is a finding', async () => {
    const findings = await db.query(`select 1 from finding where kind = 'unknown_model' and subject = $1`, [model]);
    return findings.rows.length === 1;
  });
});
