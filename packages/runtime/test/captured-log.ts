import { createLog, type Log, type LogOptions } from '../src/log.ts';

export type CapturedLog = { log: Log; lines: string[]; records(): Record<string, unknown>[] };

/** A real log whose lines are kept in memory. */
export function capturedLog(options: Partial<LogOptions> = {}): CapturedLog {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLog({ service: 'probe', level: 'trace', destination, ...options });
  return { log, lines, records: () => lines.map((line) => JSON.parse(line)) };
}
