import { once } from 'node:events';

/** Resolves on Ctrl-C, SIGTERM or a closed terminal; rejects when `failed` does. */
export async function untilStopped(failed: Promise<never>): Promise<void> {
  // A pending promise does not keep a process alive.
  const alive = setInterval(() => {}, 60_000);
  try {
    await Promise.race([...(['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => once(process, signal)), failed]);
  } finally {
    clearInterval(alive);
  }
}
