import { setTimeout as sleep } from 'node:timers/promises';
import Anthropic from '@anthropic-ai/sdk';
import { createMeter, type Meter } from '@bursar/emitter';
import type { TracedRequest } from './trace.ts';

const MOST_IN_FLIGHT = 64;
const PAUSE_AFTER_REFUSAL_MS = 250;
/** The trace has quiet minutes; the story has not. */
const LONGEST_GAP_MS = 1_000;

export type DemoServiceOptions = {
  name: string;
  role: string;
  model: string;
  apiKey: string;
  baseURL: string;
  brokers: readonly string[];
  trace: readonly TracedRequest[];
  /** How many times faster than the trace was recorded. */
  speed: number;
};

/** One service of the demo company: the official SDK, the real meter, and the trace as its users. */
export class DemoService {
  readonly name: string;
  readonly meter: Meter;
  readonly #options: DemoServiceOptions;
  readonly #client: Anthropic;
  readonly #stopping = new AbortController();
  readonly #inFlight = new Set<Promise<void>>();
  #replay: Promise<void> | undefined;
  answered = 0;
  lastAnsweredAtMs = 0;
  #isRefused = false;
  readonly #refusedAtMs: number[] = [];

  constructor(options: DemoServiceOptions) {
    this.name = options.name;
    this.#options = options;
    this.meter = createMeter({ service: options.name, role: options.role, kafka: { brokers: [...options.brokers] } });
    this.#client = new Anthropic({
      apiKey: options.apiKey,
      baseURL: options.baseURL,
      maxRetries: 0,
      middleware: [this.meter.middleware],
    });
  }

  /** When the first call after an instant was refused with 401. */
  refusedAfter(atMs: number): number | undefined {
    return this.#refusedAtMs.find((refusedAtMs) => refusedAtMs > atMs);
  }

  start(): void {
    this.#replay ??= this.#run();
  }

  /** Ends the traffic and sends every event. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#replay;
    await Promise.all(this.#inFlight);
    await this.meter.close(10_000);
  }

  async #run(): Promise<void> {
    const { trace, speed } = this.#options;
    const { signal } = this.#stopping;
    let previousAtMs = 0;
    let owedMs = 0;
    for (const request of trace) {
      const gapMs = Math.min((request.atMs - previousAtMs) / speed, LONGEST_GAP_MS);
      previousAtMs = request.atMs;
      owedMs += gapMs;
      // Timers are good to a millisecond: smaller gaps are saved up.
      if (owedMs >= 1) owedMs -= await slept(owedMs, signal);
      if (this.#isRefused) await slept(PAUSE_AFTER_REFUSAL_MS, signal);
      if (this.#inFlight.size >= MOST_IN_FLIGHT) await Promise.race(this.#inFlight);
      if (signal.aborted) return;
      const call = this.#call(request).finally(() => this.#inFlight.delete(call));
      this.#inFlight.add(call);
    }
  }

  async #call({ inputTokens, outputTokens }: TracedRequest): Promise<void> {
    try {
      await this.#client.messages.create({
        model: this.#options.model,
        max_tokens: 4_096,
        messages: [{ role: 'user', content: 'Complete this function.' }],
        // Tells the emulator which usage to report.
        metadata: { user_id: `emulator:input=${inputTokens},output=${outputTokens}` },
      });
      this.answered++;
      this.lastAnsweredAtMs = Date.now();
      this.#isRefused = false;
    } catch (error) {
      // Any other failure is that of one call: its users see it, the service goes on.
      if (!(error instanceof Anthropic.AuthenticationError)) return;
      this.#isRefused = true;
      this.#refusedAtMs.push(Date.now());
    }
  }
}

/** Sleeps, unless the signal aborts, and returns how long it took. */
async function slept(ms: number, signal: AbortSignal): Promise<number> {
  const startedAtMs = performance.now();
  await sleep(ms, undefined, { signal }).catch(() => {});
  return performance.now() - startedAtMs;
}
