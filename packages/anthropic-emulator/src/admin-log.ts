import { timestamp } from './clock.ts';

/** One call of the Admin API: who it concerned and how it ended, without any secret. */
export type AdminCall = {
  /** RFC 3339, by the emulator's clock, when the call arrived. */
  readonly at: string;
  readonly method: string;
  /** The path without the query. */
  readonly path: string;
  readonly requestId: string;
  /** The `status` that the body asked for, if it did. */
  requestedStatus: string | null;
  /** The HTTP status of the answer; null while it is under way or when the connection was cut. */
  responseStatus: number | null;
  /** The faults that the call met. */
  faults: readonly string[];
};

export type AdminLog = {
  begin(nowMs: number, method: string, path: string, requestId: string): AdminCall;
  calls(): AdminCall[];
  clear(): void;
};

/** Keeps the newest `capacity` calls, oldest first. */
export function createAdminLog(capacity = 50_000): AdminLog {
  let calls: AdminCall[] = [];
  return {
    begin(nowMs, method, path, requestId) {
      if (calls.length >= 2 * capacity) calls = calls.slice(-capacity);
      const at = timestamp(nowMs);
      const call: AdminCall = { at, method, path, requestId, requestedStatus: null, responseStatus: null, faults: [] };
      calls.push(call);
      return call;
    },
    calls: () => calls.slice(-capacity).map((call) => ({ ...call })),
    clear() {
      calls = [];
    },
  };
}
