import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UsageData } from '@bursar/events/usage-event';
import type { Policy } from '@bursar/policy/policy';
import { anthropicPrices } from '@bursar/pricing/anthropic-prices';
import { indexPriceBook } from '@bursar/pricing/price-index';
import { trafficKey, usageEvent } from '../../test/harness/traffic.ts';
import { priceRecords } from './price-records.ts';
import { remarksOn } from './remarks.ts';

const prices = indexPriceBook(anthropicPrices);
const policy = {
  families: { haiku: 'claude-haiku-4-5' },
  roles: {
    USER: { name: 'USER', allowed: true, models: ['haiku'], maxTokens: 512 },
    VIEWER: { name: 'VIEWER', allowed: false, models: ['*'] },
    ADMIN: { name: 'ADMIN', allowed: true, models: ['*'] },
  },
} as unknown as Policy;

function kindsFor(fields: Partial<UsageData>, rules: Policy | undefined = policy): string[] {
  const event = usageEvent(trafficKey(), fields);
  const record = { event, occurredAtMs: Date.parse(event.time), offset: 0n };
  const priced = priceRecords([record], prices, { keyRefOf: () => 1, workspaceOf: () => undefined });
  return remarksOn(priced, rules).map((finding) => finding.kind);
}

const calls = (model: string) => ({ requestedModel: model, servedModel: model });

test('a call within its role leaves no remark, by family, by snapshot and by star', () => {
  assert.deepEqual(kindsFor({}), []);
  assert.deepEqual(kindsFor(calls('claude-haiku-4-5-20251001')), []);
  assert.deepEqual(kindsFor({ role: 'ADMIN', ...calls('claude-opus-5-5') }), []);
});

test('a call outside its role is remarked upon', () => {
  assert.deepEqual(kindsFor(calls('claude-opus-5-5')), ['model_not_allowed']);
  assert.deepEqual(kindsFor({ role: 'VIEWER' }), ['model_not_allowed']);
  assert.deepEqual(kindsFor({ role: 'constructor' }), ['unknown_role']);
  assert.deepEqual(kindsFor({ maxTokens: { requested: 4_096, sent: 513 } }), ['max_tokens_above_role']);
});

test('a call that was not served used nothing that its role forbids', () => {
  const { usage: _, ...refused } = usageEvent(trafficKey(), calls('claude-opus-5-5')).data;
  const event = usageEvent(trafficKey());
  const record = {
    event: { ...event, data: { ...refused, outcome: 'http_error' as const, status: 401 } },
    occurredAtMs: 0,
    offset: 0n,
  };
  const priced = priceRecords([record], prices, { keyRefOf: () => 1, workspaceOf: () => undefined });
  assert.deepEqual(remarksOn(priced, policy), []);
});

test('a model without a price is remarked upon before there is any policy', () => {
  const event = usageEvent(trafficKey(), calls('claude-unheard-of-9'));
  const record = { event, occurredAtMs: Date.parse(event.time), offset: 0n };
  const priced = priceRecords([record], prices, { keyRefOf: () => 1, workspaceOf: () => undefined });
  assert.deepEqual(
    remarksOn(priced, undefined).map((finding) => finding.kind),
    ['unknown_model'],
  );
});
