import { createHash, randomBytes } from 'node:crypto';

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/**
 * Names everything the emulator invents. The same root and name always give the same id and secret, so a reset keeps
 * them, and two emulators with the same `randomSeed` agree. Without a seed the root is random: no secret is guessable.
 */
export type Identities = {
  /** An id of Anthropic's form, e.g. `apikey_01` and 22 base-58 characters. */
  id(prefix: string, name: string): string;
  /** A secret of Anthropic's form: `prefix`, 93 URL-safe characters, `AA`. */
  secret(prefix: 'sk-ant-api03-' | 'sk-ant-admin01-', name: string): string;
  /** Ids for things that are made in great number (requests, messages): a short tag of this emulator and a counter. */
  sequence(prefix: string): () => string;
};

export function createIdentities(randomSeed?: number): Identities {
  const root = randomSeed === undefined ? randomBytes(32) : Buffer.from(`seed ${randomSeed}`);
  const bytes = (length: number, ...parts: string[]) => {
    const hash = createHash('shake256', { outputLength: length }).update(root);
    for (const part of parts) hash.update('\0').update(part);
    return hash.digest();
  };
  return {
    id: (prefix, name) => `${prefix}_01${base58(bytes(22, 'id', prefix, name))}`,
    secret: (prefix, name) => `${prefix}${bytes(70, 'secret', prefix, name).toString('base64url').slice(0, 93)}AA`,
    sequence(prefix) {
      const tag = `${prefix}_01${base58(bytes(12, 'sequence', prefix))}`;
      let count = 0;
      return () => tag + (++count).toString(36).padStart(10, '0');
    },
  };
}

/** What the API shows of a secret, e.g. `sk-ant-api03-R2D...igAA`. */
export const partialKeyHint = (secret: string): string => `${secret.slice(0, 16)}...${secret.slice(-4)}`;

function base58(bytes: Buffer): string {
  let text = '';
  for (const byte of bytes) text += BASE58[byte % 58];
  return text;
}
