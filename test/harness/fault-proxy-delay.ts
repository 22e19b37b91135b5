import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LinkFaults } from './fault-proxy.ts';

/** Above this a direction stops reading until its bytes are handed over, as a full network does. */
const MOST_HELD_BYTES = 1024 * 1024;

/** What one side has sent and the other is not to see yet. */
export class HeldBytes {
  readonly #from: Socket;
  readonly #faults: () => LinkFaults;
  readonly #chunks: { chunk: Buffer; dueAtMs: number }[] = [];
  #bytes = 0;
  #ended = false;
  #wake: () => void = () => {};

  constructor(from: Socket, faults: () => LinkFaults) {
    this.#from = from;
    this.#faults = faults;
    from.on('data', (chunk: Buffer) => this.#hold(chunk));
    for (const event of ['end', 'close'] as const) {
      from.once(event, () => {
        this.#ended = true;
        this.#wake();
      });
    }
  }

  /** The chunks in order, each when it is due; ends when the sender has ended and all was handed over. */
  async *inTime(): AsyncGenerator<Buffer> {
    while (!(this.#ended && this.#chunks.length === 0)) {
      const first = this.#chunks[0];
      if (first === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      const waitMs = first.dueAtMs - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      this.#chunks.shift();
      this.#bytes -= first.chunk.length;
      if (this.#bytes <= MOST_HELD_BYTES) this.#from.resume();
      yield first.chunk;
    }
    // The end is delayed like a byte: behind a black hole nobody hears it.
    while (this.#faults().blackhole && !this.#from.destroyed) await sleep(10);
  }

  #hold(chunk: Buffer): void {
    const { latencyMs = 0, jitterMs = 0, blackhole } = this.#faults();
    if (blackhole) return;
    this.#chunks.push({ chunk, dueAtMs: performance.now() + latencyMs + Math.random() * jitterMs });
    this.#bytes += chunk.length;
    if (this.#bytes > MOST_HELD_BYTES) this.#from.pause();
    this.#wake();
  }
}
