import type { PartitionLoop } from '@bursar/bus/partition-loop';
import type { Log } from '@bursar/runtime/log';
import { createLoop, type Loop } from '@bursar/runtime/loop';
import type { PartitionKeeper } from './partition-keeper.ts';

/** Reads a halted partition again once its incident is resolved, by whichever process. */
export function createHaltLifter(keeper: PartitionKeeper, loop: Pick<PartitionLoop, 'resume'>, log: Log): Loop {
  return createLoop({
    name: 'halts',
    everyMs: 1_000,
    log,
    async tick() {
      for (const partition of await keeper.resolved()) {
        log.info({ partition }, `partition ${partition} is read again: its incident was resolved`);
        loop.resume(partition);
      }
    },
  });
}
