import { type KeyObject, sign, verify } from 'node:crypto';

/** The record header that holds the signature. */
export const SIGNATURE_HEADER = 'bursar-signature';

/** The Ed25519 signature (RFC 8032) over the bytes of a record value, in base64. */
export function signStanding(value: string | Uint8Array, privateKey: KeyObject): string {
  return sign(null, bytesOf(value), privateKey).toString('base64');
}

/** Whether these bytes were signed with the private half of `publicKey`. Total: a malformed signature is just wrong. */
export function verifyStanding(value: string | Uint8Array, signature: string, publicKey: KeyObject): boolean {
  const raw = Buffer.from(signature, 'base64');
  return raw.length === 64 && verify(null, bytesOf(value), publicKey, raw);
}

function bytesOf(value: string | Uint8Array): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
}
