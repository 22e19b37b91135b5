import { parseUsd } from './money.ts';
import type { PriceBook, PriceRow } from './price-book.ts';

/** For models that kept their first price: the launch is older than anything we meter. */
const LAUNCH = '2024-01-01T00:00:00Z';

const DOCS = 'platform.claude.com pricing, 2026-08-22';
const NOTES = 'platform.claude.com release notes';
const MODELS = 'platform.claude.com model page';

/** USD per million tokens, as Anthropic prints them: input, output, 5 m cache write, 1 h cache write, cache read. */
type PerMillion = [input: string, output: string, write5m: string, write1h: string, read: string];
type Terms = Partial<Pick<PriceRow, 'to' | 'tier' | 'speed'>> & { from?: string; usGeo?: false };

/**
 * Anthropic's list prices as known on 2026-11-23, first-party API, before negotiated discounts.
 * Days are taken as UTC midnights. A changed price is a new row and a `to` on the old one; a row is never edited.
 */
export const anthropicPrices: PriceBook = {
  rows: [
    row('claude-fable-5-2', ['8', '40', '10', '16', '0.20'], `${NOTES} 11-09; 1 h write by the 2x rule`, {
      from: '2026-11-09',
    }),
    row('claude-fable-5-2', ['16', '80', '20', '32', '0.40'], 'fast = 2x (Google, Qiita 11-12)', {
      from: '2026-11-09',
      speed: 'fast',
    }),
    row('claude-mythos-5-2', ['8', '40', '10', '16', '0.20'], `${NOTES} 11-09; genai-prices 0.2.3`, {
      from: '2026-11-09',
    }),
    row('claude-mythos-5-2', ['16', '80', '20', '32', '0.40'], 'genai-prices 0.2.3', {
      from: '2026-11-09',
      speed: 'fast',
    }),
    row('claude-fable-5-1', ['10', '50', '12.50', '20', '0.25'], `${NOTES} 09-01`, { from: '2026-09-01' }),
    row('claude-mythos-5-1', ['10', '50', '12.50', '20', '0.25'], `${NOTES} 09-01`, { from: '2026-09-01' }),
    row('claude-fable-5', ['10', '50', '12.50', '20', '1.00'], DOCS),
    row('claude-mythos-5', ['10', '50', '12.50', '20', '1.00'], DOCS),
    row('claude-opus-5-5', ['4', '20', '5', '8', '0.20'], MODELS, { from: '2026-09-22' }),
    row('claude-opus-5-5', ['8', '40', '10', '16', '0.40'], 'Vercel, Qiita', { from: '2026-09-22', speed: 'fast' }),
    row('claude-opus-5', ['5', '25', '6.25', '10', '0.50'], DOCS),
    row('claude-opus-5', ['10', '50', '12.50', '20', '1.00'], DOCS, { speed: 'fast' }),
    row('claude-opus-4-8', ['5', '25', '6.25', '10', '0.50'], DOCS),
    row(
      'claude-opus-4-8',
      ['10', '50', '12.50', '20', '1.00'],
      'fast mode ends 2026-11-30: code.claude.com/fast-mode',
      {
        speed: 'fast',
        to: '2026-11-30',
      },
    ),
    row('claude-opus-4-7', ['5', '25', '6.25', '10', '0.50'], DOCS),
    row('claude-opus-4-6', ['5', '25', '6.25', '10', '0.50'], DOCS),
    row('claude-opus-4-5', ['5', '25', '6.25', '10', '0.50'], DOCS, { usGeo: false }),
    row('claude-opus-4-1', ['15', '75', '18.75', '30', '1.50'], `${DOCS} (retired, day not known)`, { usGeo: false }),
    row('claude-opus-4', ['15', '75', '18.75', '30', '1.50'], `${DOCS} (retired)`, { usGeo: false, to: '2026-06-15' }),
    row('claude-sonnet-5-5', ['2', '10', '2.50', '4', '0.20'], MODELS, { from: '2026-09-28', to: '2026-10-07' }),
    row('claude-sonnet-5-5', ['2', '10', '2.50', '4', '0.10'], 'cache read cut 10-07: claudit 1.9.2', {
      from: '2026-10-07',
    }),
    row('claude-sonnet-5', ['2', '10', '2.50', '4', '0.20'], `${MODELS}; the rise planned for 09-01 was cancelled`),
    row('claude-sonnet-4-6', ['3', '15', '3.75', '6', '0.30'], DOCS),
    row('claude-sonnet-4-5', ['3', '15', '3.75', '6', '0.30'], DOCS, { usGeo: false }),
    row('claude-sonnet-4', ['3', '15', '3.75', '6', '0.30'], `${DOCS} (retired)`, { usGeo: false, to: '2026-06-15' }),
    row('claude-haiku-5-5', ['0.10', '0.50', '0.125', '0.20', '0.01'], MODELS, {
      from: '2026-10-07',
      tier: { minPromptTokens: 0, maxPromptTokens: 100_000 },
    }),
    row('claude-haiku-5-5', ['0.50', '2.50', '0.625', '1.00', '0.05'], MODELS, {
      from: '2026-10-07',
      tier: { minPromptTokens: 100_001 },
    }),
    row('claude-haiku-4-5', ['1', '5', '1.25', '2', '0.10'], DOCS, { usGeo: false }),
    row('claude-haiku-3-5', ['0.80', '4', '1', '1.60', '0.08'], `${DOCS} (retired, day not known)`, { usGeo: false }),
  ],
  aliases: {
    'claude-opus-4-5-20251101': 'claude-opus-4-5',
    'claude-opus-4-1-20250805': 'claude-opus-4-1',
    'claude-opus-4-20250514': 'claude-opus-4',
    'claude-sonnet-4-5-20250929': 'claude-sonnet-4-5',
    'claude-sonnet-4-20250514': 'claude-sonnet-4',
    'claude-haiku-4-5-20251001': 'claude-haiku-4-5',
    'claude-3-5-haiku-20241022': 'claude-haiku-3-5',
  },
  batch: { numerator: 1n, denominator: 2n },
  usGeo: { numerator: 11n, denominator: 10n },
  webSearchPico: parseUsd('0.01'),
};

function row(model: string, usdPerMillion: PerMillion, source: string, terms: Terms = {}): PriceRow {
  const { from, to, tier, speed = 'standard', usGeo = true } = terms;
  const [input, output, write5m, write1h, read] = usdPerMillion;
  return {
    id: rowId(model, terms),
    model,
    from: from ? midnight(from) : LAUNCH,
    ...(to && { to: midnight(to) }),
    ...(tier && { tier }),
    speed,
    inputPico: perToken(input),
    outputPico: perToken(output),
    cacheWrite5mPico: perToken(write5m),
    cacheWrite1hPico: perToken(write1h),
    cacheReadPico: perToken(read),
    usGeoSurcharge: usGeo,
    source,
  };
}

function rowId(model: string, { from = 'launch', tier, speed }: Terms): string {
  const parts = [model];
  if (speed === 'fast') parts.push('fast');
  if (tier?.maxPromptTokens) parts.push(`le${tier.maxPromptTokens / 1000}k`);
  else if (tier) parts.push(`gt${(tier.minPromptTokens - 1) / 1000}k`);
  return [...parts, from].join('/');
}

function midnight(day: string): string {
  return `${day}T00:00:00Z`;
}

function perToken(usdPerMillion: string): bigint {
  return parseUsd(usdPerMillion) / 1_000_000n;
}
