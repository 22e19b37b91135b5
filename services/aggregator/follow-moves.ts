import type { PartitionLoop } from '@bursar/bus/partition-loop';
import { standingOffsets } from '@bursar/db/ledger/move-offset';
import type { Pool } from '@bursar/db/pool';
import type { Log } from '@bursar/runtime/log';
import { createLoop, type Loop } from '@bursar/runtime/loop';

export type MoveFollowerOptions = {
  pool: Pool;
  topic: string;
  clusterId: string;
  loop: Pick<PartitionLoop, 'reread'>;
  log: Log;
};

/**
 * Reads a partition from where Postgres stands when that was moved back (a replay, another log, a restored backup), and once
 * when it becomes this process's. Where events come the next batch would notice; where none come nothing else does.
 */
export function createMoveFollower({ pool, topic, clusterId, loop, log }: MoveFollowerOptions): Loop {
  const seen = new Map<number, bigint>();
  return createLoop({
    name: 'moved offsets',
    everyMs: 1_000,
    log,
    async tick() {
      const places = await standingOffsets(pool, topic);
      for (const { partition, nextOffset } of places.filter((place) => place.clusterId === clusterId)) {
        const before = seen.get(partition);
        const isBehind = before === undefined || nextOffset < before;
        // Of a partition that is another's the higher place is kept in mind until it is this process's.
        if (isBehind && !loop.reread(partition, nextOffset)) continue;
        seen.set(partition, nextOffset);
        if (isBehind && before !== undefined)
          log.info({ partition }, `partition ${partition} is read again from offset ${nextOffset}: it was moved back`);
      }
    },
  });
}
