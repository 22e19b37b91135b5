import { principalsOf } from '@bursar/db/ledger/principals';
import type { Log } from '@bursar/runtime/log';
import { BatchWriter, type WriterOptions } from './batch-writer.ts';
import { LedgerNames } from './ledger-names.ts';
import { PrincipalBound } from './principal-bound.ts';
import { RemarkBook } from './remark-book.ts';

type Given = Omit<WriterOptions, 'names' | 'principals' | 'remarks'> & { log: Log };

/** A writer with a memory of its own. */
export function createBatchWriter({ log, ...given }: Given): BatchWriter {
  const { pool } = given;
  return new BatchWriter({
    ...given,
    names: new LedgerNames(pool),
    principals: new PrincipalBound((keyRefs, dayMs) => principalsOf(pool, keyRefs, dayMs)),
    remarks: new RemarkBook(pool, log),
  });
}
