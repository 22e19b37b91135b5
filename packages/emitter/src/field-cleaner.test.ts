import assert from 'node:assert/strict';
import { it } from 'node:test';
import { text } from '@bursar/events/field';
import { usageCounters, usageData } from '@bursar/events/usage-event';
import fc from 'fast-check';
import { freshKey } from '../test/messages-server.ts';
import { createFieldCleaner } from './field-cleaner.ts';
import { usageCountersOf } from './usage-counters.ts';

const clean = createFieldCleaner(() => undefined);
const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ maxLength: 80 }),
  fc.constantFrom('\u0000', '\ud800', '🌍'.repeat(40), 'x'.repeat(1e5), freshKey(), `a ${freshKey()}`, '__proto__', ''),
  fc.anything(),
);

it('makes any value a text that the schema accepts, or leaves it out', () => {
  fc.assert(
    fc.property(nasty, fc.integer({ min: 1, max: 64 }), (value, maxChars) => {
      const cleaned = clean.text('field', value, maxChars);
      if (cleaned !== undefined) assert.ok(text(maxChars).safeParse(cleaned).success, JSON.stringify(cleaned));
    }),
  );
});

it('makes any tags acceptable, sixteen at most', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), nasty, { maxKeys: 24 }), (tags) => {
      assert.ok(usageData.shape.tags.safeParse(clean.tags(tags)).success);
    }),
  );
});

it('makes any usage acceptable or leaves it out, and keeps a good one as it is', () => {
  const number = fc.oneof(fc.nat(), fc.constantFrom(-1, 0.5, 1e10, Number.NaN, null, '7'));
  const tokens = fc.record(
    {
      input_tokens: number,
      output_tokens: number,
      cache_creation_input_tokens: number,
      cache_creation: fc.record({ ephemeral_5m_input_tokens: number, ephemeral_1h_input_tokens: number }),
      server_tool_use: fc.record({ web_search_requests: number }),
      iterations: fc.array(fc.record({ type: nasty, model: nasty, input_tokens: number, output_tokens: number })),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(tokens, fc.anything()), (raw) => {
      const usage = usageCountersOf(raw, clean);
      if (usage !== undefined) assert.ok(usageCounters.safeParse(usage).success, JSON.stringify(usage));
    }),
  );
  assert.equal(usageCountersOf({ input_tokens: 3 }, clean), undefined);
  assert.equal(usageCountersOf({ input_tokens: 3, output_tokens: 4 }, clean)?.output_tokens, 4);
});

it('names the field it cleaned, never its value', () => {
  const fields: string[] = [];
  createFieldCleaner((field) => fields.push(field)).text('principal', freshKey(), 256);
  assert.deepEqual(fields, ['principal']);
});
