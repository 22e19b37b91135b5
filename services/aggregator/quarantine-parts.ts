import type { Producer } from '@bursar/bus/producer';
import { pruneQuarantine } from '@bursar/db/ledger/quarantine';
import type { Pool } from '@bursar/db/pool';
import type { Log } from '@bursar/runtime/log';
import { createLoop } from '@bursar/runtime/loop';
import type { Part } from '@bursar/runtime/service';
import { publishQuarantine } from './quarantine-publisher.ts';

const SECOND_MS = 1_000;
const PRUNE_EVERY_MS = 600_000;
/** A chunk, so that no statement locks for long; the next round takes the next. */
const PRUNED_AT_ONCE = 1_000;

export type QuarantineOptions = {
  pool: Pool;
  producer: Pick<Producer, 'send'>;
  quarantineTopic: string;
  /** How long a record stays after a person decided about it, and how long at most. */
  keepMs: { decided: number; held: number };
  log: Log;
};

/** What happens to records that could not be counted: told to others, forgotten at last. */
export function quarantineParts({ pool, producer, quarantineTopic, keepMs, log }: QuarantineOptions): Part[] {
  const publish = () => publishQuarantine(pool, producer, quarantineTopic);
  const prune = async () => void (await pruneQuarantine(pool, keepMs, PRUNED_AT_ONCE));
  return [
    createLoop({ name: 'quarantine', everyMs: SECOND_MS, tick: publish, log }),
    createLoop({ name: 'quarantine retention', everyMs: PRUNE_EVERY_MS, tick: prune, log }),
  ];
}
