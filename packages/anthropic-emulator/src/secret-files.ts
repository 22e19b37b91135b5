import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Emulator } from './emulator.ts';

/**
 * Writes `<folder>/admin-key` and `<folder>/keys/<name>` (the name URL-encoded), readable by this user alone and without
 * a line end, each whole at once: what watches the folder never reads half a secret.
 */
export async function writeSecretFiles(folder: string, emulator: Emulator): Promise<void> {
  const keys = join(folder, 'keys');
  await mkdir(keys, { recursive: true, mode: 0o700 });
  for (const { name } of emulator.summary().apiKeys) {
    await writeSecret(join(keys, encodeURIComponent(name)), emulator.secretOf(name));
  }
  await writeSecret(join(folder, 'admin-key'), emulator.adminKey);
}

async function writeSecret(path: string, secret: string): Promise<void> {
  const unfinished = `${path}.${process.pid}.tmp`;
  await writeFile(unfinished, secret, { mode: 0o600 });
  await rename(unfinished, path);
}
