import { insertFinding, resolveFindings } from '../inbox/finding.ts';
import type { Connection, Pool, Queryable } from '../pool.ts';
import { inRetriedTransaction } from '../transaction.ts';
import { lockEpoch, tellConfigurationMoved } from './epoch.ts';
import type { Activation } from './submit-policy.ts';

/** `bookJson`: as `priceBookToJson` writes it. */
export type PriceBookSubmission = { contentHash: string; bookJson: unknown; reason: string };
export type StoredPriceBook = { priceBookId: number; contentHash: string; bookJson: unknown; isBuiltIn: boolean };

type Row = { price_book_id: number; content_hash: string; book: unknown; is_built_in: boolean };
const COLUMNS = 'price_book_id, content_hash, book, is_built_in';

/** Stores a price book and asks the aggregator to activate it. Returns its number; `priceBookActivation` tells what became of it. */
export async function submitPriceBook(db: Queryable, submission: PriceBookSubmission): Promise<number> {
  const { contentHash, bookJson, reason } = submission;
  const { rows } = await db.query<{ price_book_id: number }>(
    'insert into price_book (content_hash, book, reason) values ($1, $2, $3) returning price_book_id',
    [contentHash, JSON.stringify(bookJson), reason],
  );
  await db.query(`select pg_notify('bursar_configuration', '')`);
  return rows[0]!.price_book_id;
}

/** Stores the price book of a release, once: it waits for activation like any other. */
export async function offerBuiltInPriceBook(db: Queryable, submission: PriceBookSubmission): Promise<void> {
  const { contentHash, bookJson, reason } = submission;
  await db.query(
    `insert into price_book (content_hash, book, reason, is_built_in) values ($1, $2, $3, true)
     on conflict (content_hash) where is_built_in do nothing`,
    [contentHash, JSON.stringify(bookJson), reason],
  );
}

/** What became of a submitted price book. */
export async function priceBookActivation(db: Queryable, priceBookId: number): Promise<Activation> {
  const { rows } = await db.query<{ activated_at: Date | null; refused_because: string | null }>(
    'select activated_at, refused_because from price_book where price_book_id = $1',
    [priceBookId],
  );
  const row = rows[0];
  if (row?.refused_because) return { state: 'refused', because: row.refused_because };
  return row?.activated_at ? { state: 'active', at: row.activated_at } : { state: 'waiting' };
}

/** The price books that wait for activation, oldest first. */
export async function submittedPriceBooks(db: Queryable): Promise<StoredPriceBook[]> {
  const { rows } = await db.query<Row>(
    `select ${COLUMNS} from price_book where activated_at is null and refused_because is null order by price_book_id`,
  );
  return rows.map(stored);
}

/** The price book in force, or undefined when none ever was. */
export async function priceBookInForce(db: Queryable): Promise<StoredPriceBook | undefined> {
  const { rows } = await db.query<Row>(
    `select ${COLUMNS} from configuration_epoch join price_book using (price_book_id)`,
  );
  return rows[0] && stored(rows[0]);
}

/** The price book of this number. */
export async function priceBookNumbered(db: Queryable, priceBookId: number): Promise<StoredPriceBook> {
  const { rows } = await db.query<Row>(`select ${COLUMNS} from price_book where price_book_id = $1`, [priceBookId]);
  if (rows[0] === undefined) throw new Error(`there is no price book ${priceBookId}; it was deleted by hand`);
  return stored(rows[0]);
}

/** A row of a book, for the table that explains stored costs; `terms` as plain JSON. */
export type PriceTerms = { priceRow: string; model: string; terms: unknown };
/** What was judged: this book, as the successor of that one. */
export type JudgedPriceBook = { book: StoredPriceBook; over: StoredPriceBook | undefined };
/** `settled`: another process came first. `judge_again`: another book is in force by now. */
export type SettledPriceBook = 'done' | 'settled' | 'judge_again';

/**
 * Makes a price book the one in force. Batches that were priced by the one before and are not committed yet are refused and
 * priced anew.
 */
export async function activatePriceBook(
  pool: Pool,
  judged: JudgedPriceBook,
  prices: readonly PriceTerms[],
): Promise<SettledPriceBook> {
  const { priceBookId, contentHash } = judged.book;
  return settle(pool, judged, 'activated_at = clock_timestamp()', async (connection) => {
    await recordPrices(connection, contentHash, prices);
    await connection.query(
      'update configuration_epoch set epoch = epoch + 1, price_book_id = $1, moved_at = clock_timestamp()',
      [priceBookId],
    );
    await resolveFindings(connection, NOT_TAKEN, []);
    await tellConfigurationMoved(connection);
  });
}

/** Writes down why a price book is not put in force; of one that a release brought it is a finding. */
export async function refusePriceBook(pool: Pool, judged: JudgedPriceBook, because: string): Promise<SettledPriceBook> {
  const { priceBookId, isBuiltIn } = judged.book;
  return settle(
    pool,
    judged,
    'refused_because = $2',
    async (connection) => {
      if (!isBuiltIn) return;
      const sentence = `The price book of this release (number ${priceBookId}) was not put in force: ${because}`;
      await insertFinding(connection, { kind: NOT_TAKEN, subject: `price_book/${priceBookId}`, sentence });
    },
    because,
  );
}

const NOT_TAKEN = 'price_book_not_taken';

async function settle(
  pool: Pool,
  { book, over }: JudgedPriceBook,
  outcome: string,
  then: (connection: Connection) => Promise<void>,
  ...values: string[]
): Promise<SettledPriceBook> {
  return inRetriedTransaction(pool, async (connection) => {
    await lockEpoch(connection);
    const { rows } = await connection.query<{ price_book_id: number | null }>(
      'select price_book_id from configuration_epoch',
    );
    if (rows[0]!.price_book_id !== (over?.priceBookId ?? null)) return 'judge_again';
    const { rowCount } = await connection.query(
      `update price_book set ${outcome} where price_book_id = $1 and activated_at is null and refused_because is null`,
      [book.priceBookId, ...values],
    );
    if (rowCount !== 1) return 'settled';
    await then(connection);
    return 'done';
  });
}

/** What a row costs never changes; when it ends may become known later. */
async function recordPrices(connection: Connection, bookHash: string, prices: readonly PriceTerms[]): Promise<void> {
  await connection.query(
    `insert into price (price_row, model, terms, book_hash)
     select price_row, model, terms, $1 from unnest($2::text[], $3::text[], $4::jsonb[]) as given (price_row, model, terms)
     on conflict (price_row) do update set terms = excluded.terms where price.terms is distinct from excluded.terms`,
    [
      bookHash,
      prices.map((price) => price.priceRow),
      prices.map((price) => price.model),
      prices.map((price) => JSON.stringify(price.terms)),
    ],
  );
}

function stored(row: Row): StoredPriceBook {
  return {
    priceBookId: row.price_book_id,
    contentHash: row.content_hash,
    bookJson: row.book,
    isBuiltIn: row.is_built_in,
  };
}
