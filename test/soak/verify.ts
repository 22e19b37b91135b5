import { setTimeout as sleep } from 'node:timers/promises';
import type { Watermarks } from '@bursar/bus/admin';
import { compareAccounts } from './compare/accounts.ts';
import { compareBreaches } from './compare/breaches.ts';
import { compareCells } from './compare/cells.ts';
import type { Comparison } from './compare/difference.ts';
import { compareHolds } from './compare/holds.ts';
import { oracleWindows } from './compare/oracle-windows.ts';
import { compareWindows } from './compare/windows.ts';
import type { Installation } from './installation.ts';
import type { SoakLimit } from './policy.ts';
import type { Account } from './traffic/messages.ts';

const SETTLING_MS = 120_000;
const LOOK_EVERY_MS = 1_000;
/** What the revoker still works on; everything else was final when the ledger had read the last record. */
const SETTLES = new Set(['hold', 'status at Anthropic']);

/**
 * Compares all that the ledger and the organization hold with the generator's account. Holds follow their breaches and
 * end with their windows, so where only they differ it is looked at again until it settles or two minutes are over.
 */
export async function verify(
  installation: Installation,
  account: Account,
  limits: readonly SoakLimit[],
  marks: readonly Watermarks[],
): Promise<Comparison[]> {
  const { db, emulator, keys } = installation;
  const windows = oracleWindows(account.cells, limits, keys);
  const look = async () => {
    const nowMs = Date.now();
    return [
      ...(await compareCells(db, account.cells)),
      await compareWindows(db, windows),
      await compareBreaches(db, windows, nowMs),
      ...(await compareHolds(db, emulator, windows, keys, nowMs)),
      ...(await compareAccounts(db, account, marks)),
    ];
  };
  const deadlineMs = performance.now() + SETTLING_MS;
  for (;;) {
    const comparisons = await look();
    const differing = comparisons.filter(({ differences }) => differences.length > 0);
    const canSettle = differing.length > 0 && differing.every(({ what }) => SETTLES.has(what));
    if (!canSettle || performance.now() > deadlineMs) return comparisons;
    await sleep(LOOK_EVERY_MS);
  }
}
