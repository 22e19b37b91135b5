import { access, constants } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { adminCredential } from '@bursar/admin-api/credential';
import { identify } from '../local/process-identity.ts';
import { readRunning } from '../local/running.ts';
import type { StartConfig } from './config.ts';

/** What would fail later, told before any server is started. @throws Error with the line to show. */
export async function preflight(root: string, { reportPath, realOrganization }: StartConfig): Promise<void> {
  const running = await readRunning(root);
  if (running !== undefined && (await identify(running.pid))) {
    throw new Error(
      `\`pnpm ${running.kind}\` runs in this checkout already (process ${running.pid}); end it first, or use another checkout`,
    );
  }
  if (reportPath !== undefined) await checkReportPath(reportPath);
  const { ANTHROPIC_ADMIN_KEY: value, ANTHROPIC_ADMIN_KEY_FILE: file } = realOrganization ?? {};
  if (realOrganization !== undefined) adminCredential({ value, file });
}

async function checkReportPath(path: string): Promise<void> {
  const folder = dirname(resolve(path));
  await access(folder, constants.W_OK).catch(() => {
    throw new Error(`the report can't be written: the folder ${folder} does not exist or is not writable`);
  });
}
