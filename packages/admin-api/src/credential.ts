import { readFileSync, statSync } from 'node:fs';

/** What opens the Admin API: an admin key (`sk-ant-admin01-`) or a short-lived `org:admin` token (`sk-ant-oat01-`). */
export type AdminCredentialKind = 'admin_key' | 'oauth_token';

export type AdminCredential = {
  /** The kind in force now. Throws AdminCredentialError. */
  kind(): AdminCredentialKind;
  /** The secret in force now, read from the file again when that has changed. Throws AdminCredentialError. Never log it. */
  secret(): string;
};

/** The credential is missing or of the wrong kind. The message may be shown: it never holds any part of the secret. */
export class AdminCredentialError extends Error {
  override readonly name = 'AdminCredentialError';
}

export type CredentialSource = { value?: string | undefined; file?: string | undefined };

const NEEDED = 'the Admin API needs an Admin API key (sk-ant-admin01-...) or an org:admin token (sk-ant-oat01-...)';

/**
 * The credential of the Admin API, from a value or from a file that may be replaced while the process runs.
 * Reads and checks it at once; throws AdminCredentialError with the line to show when it can't be the right one.
 */
export function adminCredential(source: CredentialSource): AdminCredential {
  const read = source.file === undefined ? () => source.value ?? '' : fileReader(source.file);
  const current = () => checked(read());
  current();
  return { kind: () => current().kind, secret: () => current().secret };
}

/** Reads the file again only when its time, size or inode has changed. */
function fileReader(path: string): () => string {
  let seen = '';
  let content = '';
  return () => {
    try {
      const { mtimeMs, size, ino } = statSync(path);
      const now = `${mtimeMs} ${size} ${ino}`;
      if (now !== seen) content = readFileSync(path, 'utf8');
      seen = now;
      return content;
    } catch (error) {
      throw new AdminCredentialError(`The admin credential file ${path} cannot be read: ${(error as Error).message}.`);
    }
  };
}

function checked(raw: string): { kind: AdminCredentialKind; secret: string } {
  const secret = raw.trim();
  if (/^sk-ant-admin\d\d-[\w-]{8,}$/.test(secret)) return { kind: 'admin_key', secret };
  if (/^sk-ant-oat\d\d-[\w-]{8,}$/.test(secret)) return { kind: 'oauth_token', secret };
  throw new AdminCredentialError(`The admin credential is ${whatItIs(secret)}; ${NEEDED}.`);
}

function whatItIs(secret: string): string {
  if (secret === '') return 'empty';
  if (/\s/.test(secret)) return 'several words or lines';
  if (/^sk-ant-api\d\d-/.test(secret)) return 'an ordinary API key (sk-ant-api...), which may call models only';
  if (/^sk-ant-(admin|oat)\d\d-/.test(secret)) return 'cut short or has characters that no key has';
  if (secret.startsWith('sk-ant-')) return 'an Anthropic credential of a kind that is not known here';
  if (secret.startsWith('sk-')) return "another provider's key";
  return 'not an Anthropic credential';
}
