import { writeFile } from 'node:fs/promises';

/** What the health check of a demo container looks for. It is in memory, so a container that starts again has none. */
const MARK = '/tmp/healthy';

export async function markHealthy(): Promise<void> {
  await writeFile(MARK, '');
}
