import { setTimeout as sleep } from 'node:timers/promises';
import type { PartitionBatch } from '@bursar/bus/partition-loop';
import { isConnectionLost } from '@bursar/db/transaction';
import type { Log } from '@bursar/runtime/log';

const RETRY_EVERY_MS = 500;

/** Which partitions wait for Postgres, and what it said last. For readiness and metrics. */
export class PostgresWaits {
  readonly #waiting = new Map<number, string>();
  readonly #onChange: (waiting: number) => void;

  constructor(onChange: (waiting: number) => void = () => {}) {
    this.#onChange = onChange;
  }

  begin(partition: number, error: Error & { code?: unknown }): void {
    this.#waiting.set(partition, `${error.message}${error.code === undefined ? '' : ` (${error.code})`}`);
    this.#onChange(this.#waiting.size);
  }

  end(partition: number): void {
    if (this.#waiting.delete(partition)) this.#onChange(this.#waiting.size);
  }

  ready(): true | string {
    if (this.#waiting.size === 0) return true;
    const partitions = [...this.#waiting.keys()].sort((a, b) => a - b).join(', ');
    const [because] = this.#waiting.values();
    return `Postgres takes nothing from partition ${partitions}, which waits: ${because}`;
  }
}

/**
 * Repeats work while Postgres is away, full or read-only, keeping this member in its group. The batch stays in memory and no
 * other is fetched for the partition, so nothing grows and nothing is lost. Any other error goes to the caller.
 */
export async function whilePostgresIsAway<T>(
  {
    log,
    waits,
    batch,
  }: { log: Log; waits: PostgresWaits; batch: Pick<PartitionBatch, 'partition' | 'signal' | 'heartbeat'> },
  work: () => Promise<T>,
): Promise<T> {
  try {
    for (let failures = 0; ; failures++) {
      try {
        return await work();
      } catch (error) {
        if (!isConnectionLost(error) || batch.signal.aborted) throw error;
        waits.begin(batch.partition, error as Error);
        if (failures % 10 === 0) {
          const sentence = 'Postgres takes nothing for now; the partition waits, nothing is lost';
          log.warn({ partition: batch.partition, err: error }, sentence);
        }
        await sleep(RETRY_EVERY_MS, undefined, { signal: batch.signal });
        await batch.heartbeat();
      }
    }
  } finally {
    waits.end(batch.partition);
  }
}
