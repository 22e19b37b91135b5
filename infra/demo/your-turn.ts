import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Running, removeRunning, writeRunning } from '../local/running.ts';
import type { Narrator } from './narrator.ts';

type Addresses = Pick<Running, 'kafkaBrokers' | 'databaseUrl'>;

/**
 * Lets `pnpm bursar` and `pnpm example` in another terminal find this start, with a key of the demo company
 * in a file that only its owner can read. Returns what takes it back.
 */
export async function offerToSecondTerminal(
  root: string,
  addresses: Addresses,
  demo: { emulatorUrl: string; exampleKey: string } | undefined,
): Promise<() => Promise<void>> {
  const exampleKeyFile = join(root, 'example-key');
  if (demo !== undefined) {
    await mkdir(root, { recursive: true });
    await writeFile(exampleKeyFile, demo.exampleKey, { mode: 0o600 });
  }
  await writeRunning(root, {
    kind: 'start',
    pid: process.pid,
    ...addresses,
    ...(demo && { emulatorUrl: demo.emulatorUrl, exampleKeyFile }),
    startedAt: new Date().toISOString(),
  });
  return async () => {
    await removeRunning(root);
    await rm(exampleKeyFile, { force: true });
  };
}

/** What a newcomer can do now, to copy and paste. */
export function printYourTurn(narrator: Narrator, databaseUrl: string): void {
  narrator.print(`
Your turn. Everything keeps running until Ctrl-C; in a second terminal, in this folder:

  npx -y pnpm@12 bursar requests --follow      every request as it arrives: key, role, tokens, cost
  npx -y pnpm@12 example                       your own first metered request (examples/first-service)
  npx -y pnpm@12 bursar status                 is enforcement on, what waits for a person, what was done
  npx -y pnpm@12 bursar why prod-search-service

The ledger, for any SQL client:
  ${databaseUrl}

`);
}

/** What runs when the organization is a real one. */
export function printRealOrganization(narrator: Narrator, databaseUrl: string): void {
  narrator.print(`
Bursar watches your organization and switches nothing off: it proposes (bursar holds list). There is no demo traffic;
meter a service with @bursar/emitter (README, "Meter your own service"). In a second terminal, in this folder:

  npx -y pnpm@12 bursar status
  npx -y pnpm@12 bursar workspaces

The ledger, for any SQL client:
  ${databaseUrl}

`);
}
