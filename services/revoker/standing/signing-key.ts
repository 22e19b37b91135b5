import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Log } from '@bursar/runtime/log';
import { ExitError } from '@bursar/runtime/service';

/**
 * The Ed25519 key that signs standing, from a PEM file (PKCS #8). Without a file a key is made for this process alone:
 * guards that know another public key ignore what it signs, so nobody can be stopped by a key that nobody vouches for.
 */
export function signingKey(file: string | undefined, log: Log): KeyObject {
  if (file === undefined) {
    const { privateKey } = generateKeyPairSync('ed25519');
    log.warn(
      { publicKey: publicPem(privateKey) },
      'BURSAR_STANDING_KEY_FILE is not set: standing is signed with a key that ends with this process',
    );
    return privateKey;
  }
  const key = readKey(file);
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new ExitError(
      `BURSAR_STANDING_KEY_FILE: ${file} holds a ${key.asymmetricKeyType} key, not an Ed25519 one`,
      2,
    );
  }
  return key;
}

function readKey(file: string): KeyObject {
  try {
    return createPrivateKey(readFileSync(file));
  } catch {
    // The cause may quote the file, and the file is a secret.
    throw new ExitError(
      `BURSAR_STANDING_KEY_FILE: ${file} can't be read as a PEM private key; make one with openssl genpkey -algorithm ed25519`,
      2,
    );
  }
}

function publicPem(privateKey: KeyObject): string {
  return createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
}
