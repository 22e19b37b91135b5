import type { Fact } from './traffic.ts';

export type LogRecord = { offset: bigint; key: string; value: string; headers: Record<string, string>; fact: Fact };

/** One partition of a topic: appended to, cut off at its beginning, made anew. */
export class PartitionLog {
  low = 0n;
  readonly #records: LogRecord[] = [];
  /** The offsets that retention took before anybody had counted them. */
  lost: { from: bigint; to: bigint } | undefined;
  /** The topic was made anew with records that nobody has counted: nothing more may come from here. */
  rewritten = false;

  get high(): bigint {
    return this.low + BigInt(this.#records.length);
  }

  append(record: Omit<LogRecord, 'offset'>): void {
    this.#records.push({ ...record, offset: this.high });
  }

  read(from: bigint, most: number): LogRecord[] {
    const start = Number(from - this.low);
    return this.#records.slice(start, start + most);
  }

  /** Retention: everything below `low` is gone. */
  truncate(low: bigint): void {
    this.#records.splice(0, Number(low - this.low));
    this.low = low;
  }

  recreate(): void {
    this.#records.length = 0;
    this.low = 0n;
    this.rewritten = true;
  }
}

/** A topic and what its only consumer group has committed: hints, which may be behind, ahead or gone. */
export class TopicLog {
  readonly name = 'bursar.usage.v1';
  readonly partitions: readonly PartitionLog[];
  readonly hints = new Map<number, bigint>();

  constructor(partitions: number) {
    this.partitions = Array.from({ length: partitions }, () => new PartitionLog());
  }
}
