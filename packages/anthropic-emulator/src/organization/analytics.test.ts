import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { type Emulator, startEmulator } from '../emulator.ts';

const DELAY_MS = 5 * 60_000;
const HOUR = { starting_at: '2026-11-23T12:00:00Z', ending_at: '2026-11-23T13:00:00Z' };
type UsageQuery = Anthropic.Beta.Organization.Analytics.UsageListParams;

let emulator: Emulator;
let admin: Anthropic;

before(async () => {
  const apiKeys = ['search', 'auth'].map((name) => ({ name, workspace: 'Default' }));
  emulator = await startEmulator({ analyticsDelayMs: DELAY_MS, seed: { workspaces: [], apiKeys } });
  admin = new Anthropic({ baseURL: emulator.url, apiKey: emulator.adminKey, maxRetries: 0 });
});
beforeEach(() => {
  emulator.reset();
  emulator.setClock({ at: '2026-11-23T12:00:30Z', frozen: true });
});
after(() => emulator.close());

async function use(name: string, model: string, sentinel: string) {
  const client = new Anthropic({ baseURL: emulator.url, apiKey: emulator.secretOf(name), maxRetries: 0 });
  const messages = [{ role: 'user' as const, content: 'Hello' }];
  await client.messages.create({ model, max_tokens: 100, messages, metadata: { user_id: `emulator:${sentinel}` } });
}

async function report(query: UsageQuery) {
  const rows: Anthropic.Beta.Organization.Analytics.BetaAnalyticsUsageItem[] = [];
  for await (const row of admin.beta.organization.analytics.usage.list(query)) rows.push(row);
  return rows;
}

test('rows per minute, key and model add up to what was used, over any page size', async () => {
  await use('auth', 'claude-haiku-5-5', 'input=30,output=20');
  await use('search', 'claude-haiku-5-5', 'input=100,output=10,cache_5m=3,cache_1h=2,cache_read=7,web_search=1');
  await use('search', 'claude-haiku-5-5', 'input=100,output=10');
  await use('search', 'claude-opus-5-5', 'input=9,output=1');
  emulator.setClock({ advanceMs: 60_000 });
  await use('auth', 'claude-haiku-5-5', 'input=4,output=2');
  emulator.setClock({ advanceMs: DELAY_MS });

  const [search, auth] = [emulator.apiKey('search').id, emulator.apiKey('auth').id];
  const rows = await report({ ...HOUR, time_bucket_width: '1m', group_by: ['api_key_id', 'model'], limit: 1 });
  assert.deepEqual(
    rows.map(({ starting_at, group, usage }) => [starting_at, group.api_key_id, group.model, usage.requests]),
    [
      ['2026-11-23T12:00:00.000Z', search, 'claude-haiku-5-5', 2],
      ['2026-11-23T12:00:00.000Z', auth, 'claude-haiku-5-5', 1],
      ['2026-11-23T12:00:00.000Z', search, 'claude-opus-5-5', 1],
      ['2026-11-23T12:01:00.000Z', auth, 'claude-haiku-5-5', 1],
    ],
  );
  assert.deepEqual(rows[0]?.usage, {
    cache_creation: { ephemeral_1h_input_tokens: 2, ephemeral_5m_input_tokens: 3 },
    cache_read_input_tokens: 7,
    output_tokens: 20,
    requests: 2,
    server_tool_use: { web_search_requests: 1 },
    total_tokens: 232,
    uncached_input_tokens: 200,
  });
  const byTime: UsageQuery = { ...HOUR, time_bucket_width: '1m', order_by: 'time', group_by: ['api_key_id'] };
  const totals = async (order: 'asc' | 'desc') =>
    (await report({ ...byTime, order })).map(({ usage }) => usage.total_tokens);
  assert.deepEqual(await totals('desc'), [6, 242, 50], 'newest first, and the largest first within a minute');
  assert.deepEqual(await totals('asc'), [242, 50, 6]);
  const [filtered] = await report({ ...HOUR, api_key_ids: [search], models: ['claude-opus-5-5'] });
  assert.equal(filtered?.usage.total_tokens, 10);
  assert.equal(filtered?.group.api_key_id, null, 'only the dimensions asked for are filled in');
});

test('usage appears only when the figures are refreshed past it', async () => {
  await use('search', 'claude-haiku-5-5', 'input=1,output=1');
  assert.deepEqual(await report({ ...HOUR, time_bucket_width: '1h' }), []);
  const page = await admin.beta.organization.analytics.usage.list(HOUR);
  assert.equal(page.data_refreshed_at, '2026-11-23T11:55:30.000Z');
  emulator.setClock({ advanceMs: DELAY_MS });
  assert.equal((await report({ ...HOUR, time_bucket_width: '1h' }))[0]?.usage.requests, 1);
});

test('the end of a range is exclusive', async () => {
  await use('search', 'claude-haiku-5-5', 'input=1,output=1');
  emulator.setClock({ at: HOUR.ending_at, frozen: true });
  await use('search', 'claude-haiku-5-5', 'input=1,output=1');
  emulator.setClock({ advanceMs: DELAY_MS });
  const [row, ...rest] = await report({ ...HOUR, time_bucket_width: '1h' });
  assert.deepEqual([row?.usage.requests, rest], [1, []]);
});

test('without a bucket the bounds are rounded down to whole hours', async () => {
  await use('search', 'claude-haiku-5-5', 'input=1,output=1');
  emulator.setClock({ at: '2026-11-23T14:30:00Z', frozen: true });
  const [row] = await report({ starting_at: '2026-11-23T12:59:00Z' });
  assert.deepEqual([row?.starting_at, row?.ending_at], ['2026-11-23T12:00:00.000Z', '2026-11-23T14:00:00.000Z']);
});

test('a question that Anthropic would refuse, or that is not emulated, is refused', async () => {
  const refused: UsageQuery[] = [
    { starting_at: HOUR.starting_at, time_bucket_width: '1m' },
    { starting_at: '2025-12-31T00:00:00Z', ending_at: '2026-01-02T00:00:00Z' },
    { starting_at: '2026-11-01T00:00:00Z', ending_at: '2026-11-03T00:00:00Z', time_bucket_width: '1m' },
    { starting_at: HOUR.ending_at, ending_at: HOUR.starting_at },
    { ...HOUR, group_by: ['actor'] },
    { ...HOUR, actor_ids: ['user_1'] },
  ];
  for (const query of refused) await assert.rejects(report(query), Anthropic.BadRequestError, JSON.stringify(query));
  const withoutBeta = admin.get('/v1/organizations/analytics/usage', { query: HOUR });
  await assert.rejects(withoutBeta, Anthropic.NotFoundError);
});
