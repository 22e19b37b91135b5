/**
 * The emulated Anthropic of the demo, with the organization Acme as its Console would show it now: its keys have ages,
 * so no file can hold them.
 */
import { randomInt } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startEmulator } from '@bursar/anthropic-emulator/emulator';
import { writeSecretFiles } from '@bursar/anthropic-emulator/secret-files';
import { runMain } from '@bursar/runtime/main';
import { acme } from '../demo/company.ts';
import { untilStopped } from '../demo/until-stopped.ts';
import { emulatorOptions } from './config.ts';
import { markHealthy } from './healthy.ts';

/** Ids and secrets follow from this number: kept with them, a container that starts again is the same organization. */
async function keptRandomSeed(folder: string): Promise<number> {
  const path = join(folder, 'random-seed');
  await writeFile(path, String(randomInt(2 ** 48 - 1)), { mode: 0o600, flag: 'wx' }).catch((error) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return Number(await readFile(path, 'utf8'));
}

await runMain('emulator', emulatorOptions, async ({ port, secretsFolder }, log) => {
  const randomSeed = await keptRandomSeed(secretsFolder);
  const emulator = await startEmulator({ host: '0.0.0.0', port, seed: acme(Date.now()), randomSeed });
  await writeSecretFiles(secretsFolder, emulator);
  await markHealthy();
  log.info({ port }, 'an emulated Anthropic with the organization Acme is up');
  await untilStopped(new Promise<never>(() => {}));
  await emulator.close();
});
