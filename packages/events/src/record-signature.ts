import { createHmac, timingSafeEqual } from 'node:crypto';
import { headerText, isStructured, type RecordIn } from './cloudevent.ts';
import { SIGNATURE_HEADER } from './standing-signature.ts';

const SIGNATURE = /^v1=([0-9a-f]{64})$/;

/** What the signature of a record was found to be. */
export type SignatureCheck = 'valid' | 'missing' | 'wrong';

/**
 * The text of the header `bursar-signature` for a record value: `v1=` and the HMAC-SHA256 (RFC 2104) over its bytes, in hex.
 * The key is the secret's text as it stands in its file, not what its hex digits mean.
 */
export function signRecord(value: string | Uint8Array, secret: string): string {
  return `v1=${createHmac('sha256', secret).update(value).digest('hex')}`;
}

/** The header that goes with a record value. */
export function signatureHeader(value: string, secret: string): Record<string, string> {
  return { [SIGNATURE_HEADER]: signRecord(value, secret) };
}

/**
 * Whether one of these secrets signed the record. Total: a malformed signature is just wrong, and so is a record in
 * CloudEvents' binary mode, whose id and type stand in headers that no signature covers.
 */
export function checkSignature(record: RecordIn, secrets: readonly string[]): SignatureCheck {
  const told = headerText(record, SIGNATURE_HEADER);
  if (told === undefined) return 'missing';
  const given = SIGNATURE.exec(told)?.[1];
  const { value } = record;
  if (given === undefined || value === null || !isStructured(record)) return 'wrong';
  const digest = Buffer.from(given, 'hex');
  const isBy = (secret: string) => timingSafeEqual(createHmac('sha256', secret).update(value).digest(), digest);
  return secrets.some(isBy) ? 'valid' : 'wrong';
}
