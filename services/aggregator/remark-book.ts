import { type Finding, insertFinding } from '@bursar/db/inbox/finding';
import type { Pool } from '@bursar/db/pool';
import type { Log } from '@bursar/runtime/log';

const REPEAT_AFTER_MS = 60_000;
/** Subjects come from events, which may be hostile: more than this in a minute are not worth a row each. */
const MOST_PER_ROUND = 200;

/**
 * Records remarks as findings, each at most once a minute. Beside the batch, not in it: a finding that is lost
 * in a crash is made again by the next request like it.
 */
export class RemarkBook {
  readonly #pool: Pool;
  readonly #log: Log;
  readonly #told = new Map<string, number>();

  constructor(pool: Pool, log: Log) {
    this.#pool = pool;
    this.#log = log;
  }

  /** Never rejects: a remark must not cost a batch. */
  async record(remarks: readonly Finding[], nowMs: number): Promise<void> {
    try {
      for (const finding of this.#news(remarks, nowMs)) await insertFinding(this.#pool, finding);
    } catch (error) {
      this.#log.warn({ err: error }, 'findings could not be recorded; the next request like it tells again');
    }
  }

  #news(remarks: readonly Finding[], nowMs: number): Finding[] {
    for (const [name, toldAtMs] of this.#told) if (nowMs - toldAtMs >= REPEAT_AFTER_MS) this.#told.delete(name);
    return remarks.filter(({ kind, subject }) => {
      const name = `${kind}/${subject}`;
      if (this.#told.has(name) || this.#told.size >= MOST_PER_ROUND) return false;
      this.#told.set(name, nowMs);
      return true;
    });
  }
}
