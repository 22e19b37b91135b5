import type { Pool } from '@bursar/db/pool';
import type { SoakServers } from '../servers.ts';
import type { Supervisor } from '../supervisor.ts';

/** What the faults reach into. */
export type World = {
  readonly servers: SoakServers;
  readonly supervisor: Supervisor;
  /** Straight to the server, not through the proxy. */
  readonly db: Pool;
  readonly topic: string;
  readonly groupId: string;
  readonly aggregators: readonly string[];
  readonly others: readonly string[];
  /** Puts another policy in force. */
  changePolicy(): Promise<void>;
  /** Puts another price book in force, some time before its new price holds. */
  changePrices(): Promise<void>;
  /** Makes a key at the emulated organization and lets traffic use it. */
  makeKey(index: number): void;
};

/** How often each thing was done. */
export class Tally {
  readonly counts = new Map<string, number>();

  add(what: string, times = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + times);
  }
}

/** A fault as it was, by the wall clock that the events carry too. */
export type Incurred = { readonly what: string; readonly fromMs: number; readonly toMs: number };
