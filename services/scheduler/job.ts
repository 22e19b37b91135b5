/** One thing the scheduler does again and again. It reads what is, not what happened: a lost or doubled run is harmless. */
export type Job = {
  readonly name: string;
  /** node-cron expression, in UTC, of five or six fields. */
  readonly cron: string;
  /** Also once as soon as the service is up. */
  readonly atStart: boolean;
  /** After this time an unfinished run counts as lost with its instance, and another one takes over. */
  readonly leaseMs: number;
  /** Does the work once and says in one line what it did. `signal` aborts when the lease ends or the service stops. */
  run(signal: AbortSignal): Promise<string>;
};
