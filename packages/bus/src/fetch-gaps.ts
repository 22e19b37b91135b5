/**
 * From one question to a broker to the next, or to its answer. While none waits,
 * a topic may be deleted, made again and filled further than it was read; that takes a program some 150 ms.
 */
export const LONG_GAP_MS = 100;
/** So long a broker keeps a fetch that finds nothing. */
export const FETCH_WAIT_MS = 250;

/**
 * Tells how long brokers were not asked. A fetch that waits at a broker fails when its topic is deleted; what happens between
 * an answer and the next fetch nobody tells, and when the answer was given is not known either. Pure; times are monotonic.
 */
export class FetchGaps {
  readonly #askedAtMs = new Map<number, number>();

  /** A fetch begins. True when the one before began too long ago; one that found nothing waited at the broker. */
  asks(nodeId: number, nowMs: number, hasFound: boolean): boolean {
    const isLong = this.#isLong(nodeId, nowMs, hasFound ? 0 : FETCH_WAIT_MS);
    this.#askedAtMs.set(nodeId, nowMs);
    return isLong;
  }

  /** A fetch has ended. True when it began so long ago that it may have been sent much later. */
  answered(nodeId: number, nowMs: number): boolean {
    return this.#isLong(nodeId, nowMs, FETCH_WAIT_MS);
  }

  #isLong(nodeId: number, nowMs: number, waitMs: number): boolean {
    return nowMs - (this.#askedAtMs.get(nodeId) ?? nowMs) > LONG_GAP_MS + waitMs;
  }
}
