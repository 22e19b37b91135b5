/** One thing with a life inside a service: a pool, a consumer, a loop, an HTTP server. Every step is optional. */
export type Part = {
  /** Unique in the service; appears in logs and in `/readyz`. */
  readonly name: string;
  /** Makes ready to work, or rejects having given back what it took. `signal` aborts when the service stops meanwhile. */
  start?(signal: AbortSignal): Promise<void>;
  /** The long work. Resolves soon after `signal` aborts; ending before that, or rejecting, ends the process. */
  run?(signal: AbortSignal): Promise<void>;
  /** Takes no new work and finishes what is under way. Called after the signal aborted, before any part stops. */
  drain?(): Promise<void>;
  /** Gives everything back. Called after `run` has ended, also when `start` of a later part failed. */
  stop?(): Promise<void>;
  /** `true`, or in words why not. Must answer at once: remember, do not ask. */
  ready?(): true | string;
};
