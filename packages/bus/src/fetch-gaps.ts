/**
 * From one question to a broker to the next, or to its answer. One that finds nothing is answered after 50 ms. While none waits,
 * a topic may be deleted, made again and filled further than it was read; that takes a program some 150 ms.
 */
export const LONG_GAP_MS = 100;

/**
 * Tells how long brokers were not asked. A fetch that waits at a broker fails when its topic is deleted; what happens between
 * an answer and the next fetch nobody tells, and when the answer was given is not known either. Pure; times are monotonic.
 */
export class FetchGaps {
  readonly #askedAtMs = new Map<number, number>();

  /** A fetch begins. True when the one before began too long ago. */
  asks(nodeId: number, nowMs: number): boolean {
    const isLong = this.#isLong(nodeId, nowMs);
    this.#askedAtMs.set(nodeId, nowMs);
    return isLong;
  }

  /** A fetch has ended. True when it began so long ago that it may have been sent much later. */
  answered(nodeId: number, nowMs: number): boolean {
    return this.#isLong(nodeId, nowMs);
  }

  #isLong(nodeId: number, nowMs: number): boolean {
    return nowMs - (this.#askedAtMs.get(nodeId) ?? nowMs) > LONG_GAP_MS;
  }
}
