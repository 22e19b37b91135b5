import { readFile } from 'node:fs/promises';

export type TracedRequest = {
  /** Since the first request of the trace. */
  readonly atMs: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
};

/** The recorded hour of requests that the demo replays; see trace.README.md for its source. */
export async function readTrace(): Promise<TracedRequest[]> {
  const lines = (await readFile(new URL('trace.csv', import.meta.url), 'utf8')).trim().split('\n').slice(1);
  const requests = lines.map((line) => {
    const [timestamp = '', input, output] = line.split(',');
    // The trace has seven decimals; an instant has three.
    return { atMs: Date.parse(`${timestamp.slice(0, 23)}Z`), inputTokens: Number(input), outputTokens: Number(output) };
  });
  const startMs = requests[0]?.atMs ?? 0;
  return requests.map((request) => ({ ...request, atMs: request.atMs - startMs }));
}
