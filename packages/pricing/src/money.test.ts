import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatUsd, PICO_PER_USD, parseUsd } from './money.ts';

const anyMoney = fc.bigInt({ min: -(10n ** 29n), max: 10n ** 29n });

test('what is written exactly is read back exactly', () => {
  fc.assert(fc.property(anyMoney, (pico) => assert.equal(parseUsd(formatUsd(pico)), pico)));
});

test('the exact form always has twelve decimals', () => {
  assert.equal(formatUsd(1_234_000_000n), '0.001234000000');
  assert.equal(formatUsd(-5n * PICO_PER_USD), '-5.000000000000');
  assert.equal(formatUsd(0n), '0.000000000000');
});

for (const [text, pico] of [
  ['0', 0n],
  ['500', 500n * PICO_PER_USD],
  ['0.25', 250_000_000_000n],
  ['0.000000000001', 1n],
  ['-1.5', -1_500_000_000_000n],
] as const) {
  test(`${text} USD is read as ${pico} pico-dollars`, () => assert.equal(parseUsd(text), pico));
}

for (const text of [
  '',
  '.',
  '.5',
  '1.',
  '+1',
  ' 1',
  '1 USD',
  '1e3',
  '1,000',
  '0x10',
  'NaN',
  '--1',
  '0.0000000000001',
  '١',
]) {
  test(`"${text}" is refused with a text that says what to write`, () => {
    assert.throws(() => parseUsd(text), { name: 'RangeError', message: /at most 12 decimals/ });
  });
}

for (const [pico, decimals, expected] of [
  [125_000_000_000n, 2, '0.12'],
  [135_000_000_000n, 2, '0.14'],
  [125_000_000_001n, 2, '0.13'],
  [2_500_000_000_000n, 0, '2'],
  [3_500_000_000_000n, 0, '4'],
  [-135_000_000_000n, 2, '-0.14'],
  [-1n, 2, '0.00'],
  [999_999_999_999n, 3, '1.000'],
] as const) {
  test(`${pico} pico-dollars with ${decimals} decimals are ${expected}, half to even`, () => {
    assert.equal(formatUsd(pico, decimals), expected);
  });
}

test('a rounded amount is never further than half a unit from the exact one', () => {
  fc.assert(
    fc.property(anyMoney, fc.integer({ min: 0, max: 12 }), (pico, decimals) => {
      const error = parseUsd(formatUsd(pico, decimals)) - pico;
      assert.ok((error < 0n ? -error : error) * 2n <= 10n ** BigInt(12 - decimals));
    }),
  );
});

test('decimals that make no sense are refused', () => {
  for (const decimals of [-1, 13, 1.5, Number.NaN]) assert.throws(() => formatUsd(1n, decimals), RangeError);
});
