import { principalsOf } from '@bursar/db/ledger/principals';
import { anthropicPrices } from '@bursar/pricing/anthropic-prices';
import { indexPriceBook } from '@bursar/pricing/price-index';
import type { Log } from '@bursar/runtime/log';
import { BatchWriter, type WriterOptions } from './batch-writer.ts';
import { LedgerNames } from './ledger-names.ts';
import { PrincipalBound } from './principal-bound.ts';
import { RemarkBook } from './remark-book.ts';

type Given = Omit<WriterOptions, 'prices' | 'names' | 'principals' | 'remarks'> & { log: Log };

/** A writer with the price book that is in force and a memory of its own. */
export function createBatchWriter({ log, ...given }: Given): BatchWriter {
  const { pool } = given;
  return new BatchWriter({
    ...given,
    prices: indexPriceBook(anthropicPrices),
    names: new LedgerNames(pool),
    principals: new PrincipalBound((keyRefs, dayMs) => principalsOf(pool, keyRefs, dayMs)),
    remarks: new RemarkBook(pool, log),
  });
}
