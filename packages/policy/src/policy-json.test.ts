import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { makeMeasure, type Policy, selected } from './policy.ts';
import { policyContentHash, policyFromJson, policyToJson } from './policy-json.ts';
import { readPolicy } from './read-policy.ts';

const source = readFileSync(new URL('../../../bursar.yaml', import.meta.url), 'utf8');

function examplePolicy(): Policy {
  const read = readPolicy(source, 'bursar.yaml');
  assert.ok(read.ok);
  return read.policy;
}

test('a policy survives JSON, with its hash, whatever the order of fields', () => {
  const policy = examplePolicy();
  const stored = JSON.parse(JSON.stringify(policyToJson(policy)), (_, value: unknown) => reversed(value));
  assert.deepEqual(policyFromJson(stored), policy);
  assert.equal(policyContentHash(policyFromJson(stored)), policyContentHash(policy));
});

function reversed(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).reverse());
}

for (const [name, damage] of [
  ['an amount of nothing', { amount: '0' }],
  ['an amount as a number', { amount: 2 }],
  ['a field too many', { surprise: true }],
  [
    'a measure that does not fit its id',
    {
      measure: makeMeasure({ select: { key: 'a' }, each: 'key', metric: 'cost', period: 'day', timezone: 'UTC' }),
      forge: true,
    },
  ],
] as const) {
  test(`a stored policy with ${name} is refused as damaged`, () => {
    const stored = policyToJson(examplePolicy());
    const { forge = false, ...change } = { ...damage } as { forge?: boolean; measure?: { period: string } };
    if (forge && change.measure) change.measure.period = 'year';
    const limits = [{ ...stored.limits[0], ...change }];
    assert.throws(() => policyFromJson({ ...stored, limits }), { name: 'PolicyJsonError', message: /apply it again/ });
  });
}

test('a measure is named by what it sums; a zone that can not matter does not split it', () => {
  const base = {
    select: { role: 'USER' },
    each: 'key',
    metric: 'cost',
    period: 'day',
    timezone: 'Europe/Berlin',
  } as const;
  assert.equal(makeMeasure(base).id, 'cost day Europe/Berlin key role=USER');
  assert.equal(
    makeMeasure({ ...base, period: 'total' }).id,
    makeMeasure({ ...base, period: 'total', timezone: 'Asia/Tokyo' }).id,
  );
  assert.notEqual(makeMeasure(base).id, makeMeasure({ ...base, timezone: 'Asia/Tokyo' }).id);
});

test('a selector that selects nothing, or twice, is refused', () => {
  assert.throws(() => selected({}), RangeError);
  assert.throws(() => selected({ key: 'a', role: 'b' }), RangeError);
  assert.deepEqual(selected({ service: 'auth' }), ['service', 'auth']);
});
