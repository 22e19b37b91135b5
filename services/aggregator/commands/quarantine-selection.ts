import { type DecidableRecord, lockQuarantined, type QuarantineSelection } from '@bursar/db/ledger/quarantine';
import type { Connection } from '@bursar/db/pool';
import { z } from 'zod';
import { CommandRefused } from './consume-commands.ts';

/** Decided in one transaction. */
const MOST_RECORDS = 1_000;

const id = z.string().regex(/^\d{1,18}$/);
const selection = z.union([
  z.strictObject({ ids: z.array(id).min(1).max(MOST_RECORDS) }),
  z.strictObject({ heldFor: z.string().min(1), upTo: id }),
]);

export type Selected = {
  records: readonly DecidableRecord[];
  /** Ids that were asked for and are not there. */
  unknown: readonly string[];
  /** There may be more of them than were selected at once. */
  isFull: boolean;
};

/** Locks the records that a command names. @throws CommandRefused for arguments that name none. */
export async function lockSelected(connection: Connection, commandArguments: unknown): Promise<Selected> {
  const parsed = selection.safeParse(commandArguments);
  if (!parsed.success) {
    throw new CommandRefused(
      `arguments are {"ids": ["1", …]} with at most ${MOST_RECORDS}, or {"heldFor": "<reason>", "upTo": "<id>"}`,
    );
  }
  const asked: QuarantineSelection = parsed.data;
  const records = await lockQuarantined(connection, asked, MOST_RECORDS);
  const found = new Set(records.map(({ quarantineId }) => quarantineId));
  const unknown = 'ids' in asked ? asked.ids.filter((one) => !found.has(BigInt(one).toString())) : [];
  return { records, unknown, isFull: !('ids' in asked) && records.length === MOST_RECORDS };
}
