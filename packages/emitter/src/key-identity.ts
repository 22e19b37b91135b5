import { createHash } from 'node:crypto';

export type KeyIdentity = {
  /** Lower-case hex of the whole credential; of the empty string when the request carried none. */
  readonly sha256: string;
  /** Like Anthropic's `partial_key_hint`: `sk-ant-api03-R2D...igAA`. */
  readonly hint: string;
  /** `apikey_…`, where the service was told. */
  readonly id?: string;
};

/** A process that rotates tokens for months must not keep them all. */
const MOST_REMEMBERED = 32;

/**
 * Names the credential of a request without keeping or passing it on; hashes each credential once.
 * `keyId` is given to the first credential only: after a rotation inside the process it would name the wrong key.
 */
export function createKeyIdentities(keyId?: string): (headers: Headers) => KeyIdentity {
  const known = new Map<string, KeyIdentity>();
  let unclaimedId = keyId;
  return (headers) => {
    const credential = credentialOf(headers);
    const found = known.get(credential);
    if (found) return found;
    const identity = identify(credential, unclaimedId);
    unclaimedId = undefined;
    if (known.size >= MOST_REMEMBERED) known.clear();
    known.set(credential, identity);
    return identity;
  };
}

function credentialOf(headers: Headers): string {
  const authorization = headers.get('authorization') ?? '';
  if (/^bearer /i.test(authorization)) return authorization.slice(7).trim();
  return headers.get('x-api-key') ?? authorization;
}

function identify(credential: string, id: string | undefined): KeyIdentity {
  const sha256 = createHash('sha256').update(credential).digest('hex');
  const hint = hintOf(credential);
  return id === undefined ? { sha256, hint } : { sha256, hint, id };
}

/** Three characters beyond the public prefix and the last four; nothing of a credential too short to spare them. */
function hintOf(credential: string): string {
  if (credential === '') return 'none';
  if (credential.length < 40) return '...';
  const prefix = /^sk-ant-[a-z]+\d{2}-[\w-]{3}/.exec(credential)?.[0] ?? '';
  const tail = /[\w-]{4}$/.exec(credential)?.[0] ?? '';
  return prefix.length > 24 ? `...${tail}` : `${prefix}...${tail}`;
}
