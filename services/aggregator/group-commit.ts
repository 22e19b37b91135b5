import type { LedgerBatch, Written } from '@bursar/db/ledger/write-batch';

export type GroupCommitOptions = {
  /** Transactions under way at the same time. */
  atATime: number;
  /** Events of one transaction, unless a single batch has more. */
  mostEvents: number;
  /** So many must wait before a further transaction begins beside one under way: with fewer it would only share its cores. */
  worthAnother: number;
  alone(batch: LedgerBatch): Promise<Written>;
  /** Undefined, with nothing written, when one of the batches must be looked at by itself. */
  together(batches: readonly LedgerBatch[]): Promise<readonly Written[] | undefined>;
  /** Postgres is away: to write each by itself would change nothing. */
  isAway(error: unknown): boolean;
};

type Waiting = PromiseWithResolvers<Written> & { batch: LedgerBatch };

/**
 * While transactions are under way, the batches of other partitions gather, and the next transaction takes all of them: at a
 * low rate a transaction costs the same for one event as for fifty. Whatever goes wrong in company is done again alone.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #queue: Waiting[] = [];
  #running = 0;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  write(batch: LedgerBatch): Promise<Written> {
    const waiting = { batch, ...Promise.withResolvers<Written>() };
    this.#queue.push(waiting);
    this.#begin();
    return waiting.promise;
  }

  #begin(): void {
    while (this.#queue.length > 0 && this.#mayBegin()) {
      this.#running++;
      this.#run(this.#nextGroup()).finally(() => {
        this.#running--;
        this.#begin();
      });
    }
  }

  #mayBegin(): boolean {
    const { atATime, worthAnother } = this.#options;
    if (this.#running === 0) return true;
    const waiting = this.#queue.reduce((sum, { batch }) => sum + batch.events.length, 0);
    return this.#running < atATime && waiting >= worthAnother;
  }

  /** The oldest batch, and those after it that can go with it. */
  #nextGroup(): Waiting[] {
    const group = [this.#queue.shift()!];
    let events = group[0]!.batch.events.length;
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      events += next.batch.events.length;
      if (events > this.#options.mostEvents || !fits(next.batch, group)) break;
      group.push(this.#queue.shift()!);
    }
    return group;
  }

  async #run(group: readonly Waiting[]): Promise<void> {
    const written = await this.#together(group);
    if (written === 'away') return;
    for (const [index, waiting] of group.entries()) {
      if (written !== undefined) waiting.resolve(written[index]!);
      else await this.#options.alone(waiting.batch).then(waiting.resolve, waiting.reject);
    }
  }

  async #together(group: readonly Waiting[]): Promise<readonly Written[] | 'away' | undefined> {
    if (group.length === 1) return undefined;
    try {
      return await this.#options.together(group.map(({ batch }) => batch));
    } catch (error) {
      if (!this.#options.isAway(error)) return undefined;
      for (const { reject } of group) reject(error);
      return 'away';
    }
  }
}

/** Of another partition, and prepared under the same configuration. */
function fits({ claim, policyVersionId }: LedgerBatch, group: readonly Waiting[]): boolean {
  const [first] = group as [Waiting, ...Waiting[]];
  return (
    claim.epoch === first.batch.claim.epoch &&
    policyVersionId === first.batch.policyVersionId &&
    !group.some(({ batch }) => batch.claim.partition === claim.partition)
  );
}
