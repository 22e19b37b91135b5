import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { signatureHeader } from '@bursar/events/record-signature';
import { signingSecretsIn } from '@bursar/events/record-signature-secrets';
import { MeterOptionsError } from './emitter-identity.ts';
import type { ProblemReport } from './problem-report.ts';

const REREAD_AFTER_MS = 60_000;

/** The headers that sign a record value. Never throws. */
export type RecordSigner = (value: string) => Record<string, string>;

/**
 * Signs with the first secret of a file, which is read again, beside the work, when a minute has gone by. While it can't
 * be read the last good secret goes on.
 * @throws MeterOptionsError when it can't be read now; the message names the file and never its content.
 */
export function createRecordSigner(
  file: string,
  report: ProblemReport,
  rereadAfterMs: number = REREAD_AFTER_MS,
): RecordSigner {
  let secret = firstSecret(file);
  let readAtMs = performance.now();
  let isReported = false;
  let isReading = false;

  async function reread(): Promise<void> {
    isReading = true;
    try {
      [secret] = signingSecretsIn(await readFile(file, 'utf8'), file);
      isReported = false;
    } catch (error) {
      if (!isReported)
        report('signing_secret', `${messageOf(error)}. The meter goes on signing with the secret it has.`);
      isReported = true;
    } finally {
      isReading = false;
    }
  }

  return (value) => {
    const nowMs = performance.now();
    if (!isReading && nowMs - readAtMs >= rereadAfterMs) {
      readAtMs = nowMs;
      void reread();
    }
    return signatureHeader(value, secret);
  };
}

function firstSecret(file: string): string {
  try {
    return signingSecretsIn(readFileSync(file, 'utf8'), file)[0];
  } catch (error) {
    throw new MeterOptionsError(`createMeter: option "signingSecretFile": ${messageOf(error)}.`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
