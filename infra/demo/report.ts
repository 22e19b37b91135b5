import { writeFile } from 'node:fs/promises';
import type { Stack } from '../local/start-stack.ts';

export type StepResult = { name: string; ok: boolean; ms: number; detail?: string };
export type KeyResult = {
  name: string;
  cause: string;
  crossedAt: string;
  requestedAt: string | null;
  verifiedAt: string | null;
  refusedAt: string | null;
};

/** What a start measured. Times are ISO 8601 in UTC by this machine's clock, durations milliseconds. */
export type StartReport = {
  kafka: Pick<Stack['kafka'], 'version' | 'how'>;
  postgres: Stack['postgres'];
  events: { emitted: number; stored: number; quarantined: number };
  steps: StepResult[];
  keys: KeyResult[];
  /** The admin key is one that the emulator made for this run. */
  emulator: { url: string; adminKey: string };
};

/** Readable by its owner only: it holds the addresses and the emulator's admin key of this run. */
export async function writeReport(path: string, report: StartReport): Promise<void> {
  await writeFile(path, `${JSON.stringify(report, null, 2)}\n`, { mode: 0o600 });
}
