import type { Pool } from '@bursar/db/pool';

const EVERY_MS = 10_000;

/** Says every ten seconds how far the ledger is behind what was made, until it is disposed of. */
export function tellProgress(db: Pool, made: () => number, say: (line: string) => void): Disposable {
  const begunMs = performance.now();
  const timer = setInterval(async () => {
    const at = `+${((performance.now() - begunMs) / 1_000).toFixed(0)} s`.padStart(9);
    const asOf = made();
    const stored = await storedCount(db).catch(() => undefined);
    const behind = stored === undefined ? 'PostgreSQL does not answer' : `${asOf - stored} behind`;
    say(`${at}    … ${asOf} made, ${behind}`);
  }, EVERY_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

async function storedCount(db: Pool): Promise<number> {
  const { rows } = await db.query<{ seen: string }>('select coalesce(sum(seen), 0) as seen from emitter_seq');
  return Number(rows[0]!.seen);
}
