import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { amountText, sumUsd, usdText } from './amount-text.ts';
import { cleanJson, cleanText } from './clean-text.ts';
import { asCsv, type Column } from './listing.ts';
import { tableLines } from './table.ts';
import { Terminal } from './terminal.ts';
import { relativeText } from './time-text.ts';

const anyText = fc.string({ unit: 'binary' });
const CONTROL = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

test('no text, however hostile, reaches the terminal with a control character', () => {
  fc.assert(fc.property(anyText, (text) => assert.doesNotMatch(cleanText(text), CONTROL)));
});

test('JSON on the terminal holds no control character and still means the same', () => {
  const hostile = fc.dictionary(anyText, fc.array(anyText));
  fc.assert(
    fc.property(hostile, (value) => {
      const json = cleanJson(value);
      assert.doesNotMatch(json.replaceAll('\n', ''), CONTROL);
      assert.deepEqual(JSON.parse(json), JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('colour is of our making only: a coloured name stays a name in every tone', () => {
  let written = '';
  const terminal = new Terminal(
    { stdout: { write: (text) => (written += text) }, stderr: { write: () => {} } },
    { stdout: true, stderr: true },
  );
  terminal.print([{ text: '\u001b[31mred\n', tone: 'good' }, 'plain']);
  assert.equal(written, '\u001b[32m\\u001b[31mred\\n\u001b[39mplain\n');
});

test('columns stay under each other whatever a name holds, and numbers end in the same place', () => {
  const columns = [
    { title: 'NAME', align: 'left' },
    { title: 'COUNT', align: 'right' },
  ] as const;
  const rows = [
    [{ text: 'a\tb' }, { text: '7' }],
    [{ text: 'long name' }, { text: '12,345' }],
  ];
  let written = '';
  const terminal = new Terminal(
    { stdout: { write: (text) => (written += text) }, stderr: { write: () => {} } },
    { stdout: false, stderr: false },
  );
  for (const line of tableLines(columns, rows)) terminal.print(line);
  assert.equal(written, 'NAME        COUNT\na\\tb            7\nlong name  12,345\n');
});

test('a spreadsheet takes no text column for a formula, and no amount is rewritten', () => {
  const columns: Column<{ name: string; usd: string }>[] = [
    { key: 'name', kind: 'text', value: (row) => row.name },
    { key: 'usd', kind: 'exact', value: (row) => row.usd },
  ];
  const rows = ['=1+1', '+1', '-1', '@SUM(A1)', ' =1', '＝1', 'plain'].map((name) => ({
    name,
    usd: '-0.100000000000',
  }));
  const names = ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "' =1", "'＝1", 'plain'];
  assert.equal(asCsv({ columns, rows }), `name,usd\n${names.map((name) => `${name},-0.100000000000\n`).join('')}`);
});

test('people read rounded amounts with enough digits to see small ones', () => {
  const shown = ['0', '0.000000000017', '0.00012', '0.0051', '1.005', '1234567.891', '-3.5'].map(usdText);
  assert.deepEqual(shown, ['$0.00', '$0.000000', '$0.0001', '$0.0051', '$1.00', '$1,234,567.89', '-$3.50']);
  assert.equal(amountText('tokens', '2000000.000000000000'), '2,000,000 tokens');
  assert.equal(amountText('requests', '1'), '1 request');
});

test('amounts add up without rounding', () => {
  assert.equal(sumUsd(['0.1', '0.2', '0.000000000001', '123456789012345678']), '123456789012345678.300000000001');
});

test('ages are told in their largest unit, also those to come', () => {
  const now = new Date('2026-11-23T12:00:00Z');
  const at = (ms: number) => relativeText(new Date(now.getTime() - ms), now);
  assert.deepEqual([at(0), at(3_999), at(3_600_000), at(-7_200_000)], ['just now', '3 s ago', '1 h ago', 'in 2 h']);
});
