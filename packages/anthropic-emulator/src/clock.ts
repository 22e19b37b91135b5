/**
 * A change of the emulator's clock: stand at or start from `at` (RFC 3339), move by `advanceMs`, or return to real time.
 * A clock that was set runs on from `at` unless it is `frozen`.
 */
export type ClockChange = { at: string; frozen?: boolean | undefined } | { advanceMs: number } | { real: true };

export type EmulatorClock = {
  /** Milliseconds since 1970 as the emulated Anthropic sees them. */
  nowMs(): number;
  change(change: ClockChange): void;
};

/** The emulator's clock; it starts at real time. */
export function createClock(): EmulatorClock {
  let offsetMs = 0;
  let frozenAtMs: number | undefined;
  const nowMs = () => frozenAtMs ?? Date.now() + offsetMs;

  function change(wanted: ClockChange): void {
    if ('real' in wanted) {
      offsetMs = 0;
      frozenAtMs = undefined;
    } else if ('advanceMs' in wanted) {
      if (frozenAtMs === undefined) offsetMs += wanted.advanceMs;
      else frozenAtMs += wanted.advanceMs;
    } else {
      const atMs = Date.parse(wanted.at);
      if (Number.isNaN(atMs)) throw new RangeError(`The clock cannot be set to "${wanted.at}": give an RFC 3339 time.`);
      offsetMs = atMs - Date.now();
      frozenAtMs = wanted.frozen ? atMs : undefined;
    }
  }
  return { nowMs, change };
}

/** RFC 3339 text of `ms`, as Anthropic writes times. */
export const timestamp = (ms: number): string => new Date(ms).toISOString();
