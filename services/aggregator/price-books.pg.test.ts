import assert from 'node:assert/strict';
import { test } from 'node:test';
import { priceBookActivation, priceBookInForce, submitPriceBook } from '@bursar/db/configuration/price-books';
import type { Pool } from '@bursar/db/pool';
import { anthropicPrices } from '@bursar/pricing/anthropic-prices';
import { type PriceBook, type PriceRow, priceBookHash } from '@bursar/pricing/price-book';
import { priceBookToJson } from '@bursar/pricing/price-book-json';
import { createLog } from '@bursar/runtime/log';
import { trafficKey, usageEvent } from '../../test/harness/traffic.ts';
import { PriceBooks } from './price-books.ts';
import { batchAt, keepingRoom } from './testing/keeping-room.ts';

const log = createLog({ service: 'test', level: 'silent' });
const HAIKU = 'claude-haiku-4-5/launch';
const key = trafficKey();
/** A thousand tokens in: 0.001 USD by the built-in book. */
const event = () => usageEvent(key, { usage: { input_tokens: 1_000, output_tokens: 0 } });

/** The built-in book, in which haiku 4.5 costs something else from an instant on. */
function bookWith(inputPico: bigint, from: string): PriceBook {
  const rows = anthropicPrices.rows.flatMap((row): PriceRow[] =>
    row.id === HAIKU
      ? [
          { ...row, to: from },
          { ...row, id: `haiku at ${inputPico}`, from, inputPico },
        ]
      : [row],
  );
  return { ...anthropicPrices, rows };
}

function submit(db: Pool, book: PriceBook): Promise<number> {
  return submitPriceBook(db, { contentHash: priceBookHash(book), bookJson: priceBookToJson(book), reason: 'test' });
}

async function costs(db: Pool): Promise<unknown[]> {
  const { rows } = await db.query<{ cost: string }>('select cost_usd as cost from usage_event order by kafka_offset');
  return rows.map(({ cost }) => cost);
}

test('a batch that was prepared by the old prices is priced anew when others came into force before it was written', async () => {
  await using room = await keepingRoom('prices_change');
  const keeper = await room.keeper();
  await keeper.work(batchAt({ 0: event() }));
  const id = await submit(room.db, bookWith(2_000_000n, '2026-01-01T00:00:00Z'));
  await new PriceBooks(room.db, log).keep();
  assert.equal((await priceBookActivation(room.db, id)).state, 'active');
  // The keeper has not heard of it: it prepares its batch by the book of before.
  await keeper.work(batchAt({ 1: event() }));
  assert.deepEqual(await costs(room.db), ['0.001000000000', '0.002000000000']);
  const { rows } = await room.db.query(`select price_row from price where price_row like 'haiku at%'`);
  assert.deepEqual(rows, [{ price_row: 'haiku at 2000000' }]);
});

test('a new price holds for the requests that began after its instant, also of one batch', async () => {
  await using room = await keepingRoom('prices_dated');
  const changesAtMs = Date.now() - 60_000;
  await new PriceBooks(room.db, log).keep();
  await submit(room.db, bookWith(3_000_000n, new Date(changesAtMs).toISOString()));
  const keeper = await room.keeper();
  const begun = (atMs: number) => ({ ...event(), data: { ...event().data, startedAt: new Date(atMs).toISOString() } });
  await keeper.work(batchAt({ 0: begun(changesAtMs - 1), 1: begun(changesAtMs) }));
  assert.deepEqual(await costs(room.db), ['0.001000000000', '0.003000000000']);
});

test('a book that rewrites a row is refused with the name of the row, and the one before stays in force', async () => {
  await using room = await keepingRoom('prices_rewritten');
  const books = new PriceBooks(room.db, log);
  await books.keep();
  const before = await priceBookInForce(room.db);
  const rows = anthropicPrices.rows.map((row) => (row.id === HAIKU ? { ...row, inputPico: 1n } : row));
  const id = await submit(room.db, { ...anthropicPrices, rows });
  await books.keep();
  const outcome = await priceBookActivation(room.db, id);
  assert.equal(outcome.state, 'refused');
  assert.match(outcome.state === 'refused' ? outcome.because : '', /claude-haiku-4-5\/launch says something else/);
  assert.deepEqual(await priceBookInForce(room.db), before);
});

test('what can not be read as a price book is refused with its place', async () => {
  await using room = await keepingRoom('prices_garbage');
  const books = new PriceBooks(room.db, log);
  await books.keep();
  const id = await submitPriceBook(room.db, { contentHash: 'x', bookJson: { rows: [{}] }, reason: 'by hand' });
  await books.keep();
  const outcome = await priceBookActivation(room.db, id);
  assert.match(outcome.state === 'refused' ? outcome.because : '', /rows\.0\.id is missing/);
});

test('a book of a later release waits for that release, and holds up no other', async () => {
  await using room = await keepingRoom('prices_later');
  const books = new PriceBooks(room.db, log);
  await books.keep();
  const later = { ...priceBookToJson(anthropicPrices), form: 2, perSecond: {} };
  const waiting = await submitPriceBook(room.db, { contentHash: 'x', bookJson: later, reason: 'a later release' });
  const id = await submit(room.db, bookWith(2_000_000n, '2026-01-01T00:00:00Z'));
  await books.keep();
  assert.equal((await priceBookActivation(room.db, waiting)).state, 'waiting');
  assert.equal((await priceBookActivation(room.db, id)).state, 'active');
  await room.db.query('update configuration_epoch set price_book_id = $1', [waiting]);
  await assert.rejects(books.read(waiting), /of a later release: upgrade this aggregator/);
});

test('a book in force that was damaged by hand is told of, and can be replaced', async () => {
  await using room = await keepingRoom('prices_damaged');
  const books = new PriceBooks(room.db, log);
  await books.keep();
  await room.db.query(`update price_book set book = '{"form": 1}'`);
  await assert.rejects(
    new PriceBooks(room.db, log).read(1),
    /was damaged \(rows is missing\): put a sound one in force/,
  );
  const id = await submit(room.db, anthropicPrices);
  await books.keep();
  assert.equal((await priceBookActivation(room.db, id)).state, 'active');
});

test('of two people who changed the same book the second is refused, and told by which', async () => {
  await using room = await keepingRoom('prices_two_people');
  const books = new PriceBooks(room.db, log);
  await books.keep();
  const made = (book: PriceBook) =>
    submitPriceBook(room.db, {
      ...{ contentHash: priceBookHash(book), bookJson: { follows: 1, ...priceBookToJson(book) }, reason: 'test' },
    });
  const first = await made(bookWith(2_000_000n, '2026-01-01T00:00:00Z'));
  const second = await made(bookWith(3_000_000n, '2026-01-01T00:00:00Z'));
  await books.keep();
  assert.equal((await priceBookActivation(room.db, first)).state, 'active');
  const outcome = await priceBookActivation(room.db, second);
  assert.match(outcome.state === 'refused' ? outcome.because : '', /made from price book 1, and 2 is in force/);
});

test('a release offers its prices once; over those of a person it does not put them, and says so', async () => {
  await using room = await keepingRoom('prices_release');
  for (let start = 0; start < 2; start++) await new PriceBooks(room.db, log).keep();
  const { rows } = await room.db.query('select is_built_in, activated_at is not null as active from price_book');
  assert.deepEqual(rows, [{ is_built_in: true, active: true }]);

  const next = bookWith(2_000_000n, '2027-01-01T00:00:00Z');
  await new PriceBooks(room.db, log, next).keep();
  assert.equal((await priceBookInForce(room.db))?.contentHash, priceBookHash(next), 'a newer release brings its own');
  await new PriceBooks(room.db, log).keep();
  assert.equal((await priceBookInForce(room.db))?.contentHash, priceBookHash(next), 'an older one beside it does not');

  const own = { ...next, aliases: { ...next.aliases, mine: 'claude-haiku-4-5' } };
  await submit(room.db, own);
  await new PriceBooks(room.db, log).keep();
  await new PriceBooks(room.db, log, { ...next, aliases: { ...next.aliases, theirs: 'claude-haiku-4-5' } }).keep();
  assert.equal((await priceBookInForce(room.db))?.contentHash, priceBookHash(own));
  const findings = await room.db.query(`select sentence from finding where kind = 'price_book_not_taken'`);
  assert.match(findings.rows[0]?.sentence, /submitted by a person.*bursar prices export --built-in/);
  await submit(room.db, own);
  await new PriceBooks(room.db, log).keep();
  const open = await room.db.query(`select from finding where kind = 'price_book_not_taken' and resolved_at is null`);
  assert.equal(open.rowCount, 0, 'a person looked after the prices since');
});
