import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { signingSecretsIn } from '@bursar/events/record-signature-secrets';
import { describeError } from '@bursar/runtime/describe-error';

const SERVICE_FILE = /^\w[\w.-]{0,62}$/;

export type Secrets = ReadonlyMap<string, readonly string[]>;
export type FolderReading = {
  secrets: Secrets;
  /** What is wrong with the file of a service, by service. Names the file, never its content. */
  problems: ReadonlyMap<string, string>;
};

/**
 * The secrets of every service, from a folder with a file per service. A file that is gone takes its secrets with it; one
 * that can't be used now leaves those it had, since it may be half written. Rejects when the folder can't be read.
 */
export async function readSecretFolder(folder: string, before: Secrets): Promise<FolderReading> {
  const secrets = new Map<string, readonly string[]>();
  const problems = new Map<string, string>();
  for (const service of (await readdir(folder)).filter((name) => SERVICE_FILE.test(name)).sort()) {
    const file = join(folder, service);
    try {
      secrets.set(service, signingSecretsIn(await readFile(file, 'utf8'), file));
    } catch (error) {
      problems.set(service, describeError(error));
      const known = before.get(service);
      if (known !== undefined) secrets.set(service, known);
    }
  }
  return { secrets, problems };
}
