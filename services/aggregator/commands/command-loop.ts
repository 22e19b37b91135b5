import type { Producer } from '@bursar/bus/producer';
import type { Pool } from '@bursar/db/pool';
import type { Log } from '@bursar/runtime/log';
import { createLoop, type Loop } from '@bursar/runtime/loop';
import { consumeCommands } from './consume-commands.ts';
import { discardQuarantined } from './discard-quarantined.ts';
import { replay } from './replay.ts';
import { resolveForPerson } from './resolve-incident.ts';
import { retryQuarantined } from './retry-quarantined.ts';
import type { UsageLog } from './usage-log.ts';

const EVERY_MS = 1_000;

export type CommandOptions = { pool: Pool; producer: Pick<Producer, 'send'>; usage: UsageLog; log: Log };

/** All that people may ask of the aggregator. */
export function createCommandLoop({ pool, producer, usage, log }: CommandOptions): Loop {
  const kinds = [
    retryQuarantined(producer, usage.topic),
    discardQuarantined(),
    resolveForPerson(usage),
    replay(usage, Date.now),
  ];
  return createLoop({ name: 'commands', everyMs: EVERY_MS, tick: () => consumeCommands(pool, kinds), log });
}
