import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchServices } from '../traffic/full-event.ts';

export type BenchSecrets = { readonly folder: string; readonly secrets: Record<string, string> } & AsyncDisposable;

/** A signing secret for each service of the bench, in a folder as the aggregator reads it. */
export async function benchSecrets(): Promise<BenchSecrets> {
  const folder = await mkdtemp(join(tmpdir(), 'bursar-bench-'));
  const secrets = Object.fromEntries(benchServices().map((service) => [service, randomBytes(32).toString('hex')]));
  for (const [service, secret] of Object.entries(secrets))
    await writeFile(join(folder, service), `${secret}\n`, { mode: 0o600 });
  return { folder, secrets, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
