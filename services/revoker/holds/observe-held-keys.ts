import type Anthropic from '@anthropic-ai/sdk';
import { credentialRefusal } from '@bursar/admin-api/organization';
import { endHold, holdsInForce } from '@bursar/db/enforcement/hold';
import {
  changeWanted,
  controlsToObserve,
  lockKeyControl,
  noteObserved,
  type Observed,
  type SeenOff,
} from '@bursar/db/enforcement/key-control';
import { insertAudit } from '@bursar/db/inbox/audit-pending';
import { insertFinding } from '@bursar/db/inbox/finding';
import { insertOutbox } from '@bursar/db/inbox/outbox';
import type { Pool } from '@bursar/db/pool';
import { inRetriedTransaction } from '@bursar/db/transaction';
import { tripBreakerNow } from '../acts/breaker.ts';
import { lookUp } from '../acts/carry-out.ts';

export type ObserveParts = {
  pool: Pool;
  client: Anthropic;
  /** A held key is looked at again after this long, or as soon as the inventory saw it on. */
  everyMs: number;
  /** Told when a hold was overridden. */
  onOverridden: () => void;
};

const KEYS_PER_TURN = 20;

/** Asks Anthropic what the keys that we hold off are now. One that somebody switched on again is left on. */
export async function observeHeldKeys({ pool, client, everyMs, onOverridden }: ObserveParts): Promise<void> {
  for (const seen of await controlsToObserve(pool, everyMs, KEYS_PER_TURN)) {
    const now = await lookUp(client, seen.apiKeyId);
    if ('error' in now) {
      const refusal = credentialRefusal(now.error);
      if (refusal === undefined) throw now.error;
      return tripBreakerNow(pool, refusal);
    }
    if (await note(pool, seen, now.status)) onOverridden();
  }
}

/** True when the key was found on and its holds were given up. */
async function note(pool: Pool, seen: SeenOff, status: Observed): Promise<boolean> {
  return inRetriedTransaction(pool, async (connection) => {
    const control = await lockKeyControl(connection, seen.apiKeyId);
    // Somebody decided about the key since it was looked up: what was seen may be their doing.
    if (control === undefined || control.generation !== seen.generation || control.observed !== 'inactive')
      return false;
    await noteObserved(connection, seen.apiKeyId, status);
    if (status !== 'active') return false;
    const name = seen.name ?? seen.apiKeyId;
    const sentence = `The key ${name} was switched on by somebody else while it was held. It is left on; the holds are given up.`;
    for (const hold of await holdsInForce(connection, seen.apiKeyId)) {
      await endHold(connection, hold.holdId, 'overridden', 'somebody else switched the key on');
      await insertAudit(connection, { action: 'hold.overridden', target: `hold/${hold.holdId}`, reason: sentence });
    }
    await changeWanted(connection, seen.apiKeyId, 'active');
    await insertFinding(connection, { kind: 'key_switched_on', subject: seen.apiKeyId, sentence });
    const dedupKey = `key/${seen.apiKeyId}/${seen.generation}/overridden`;
    await insertOutbox(connection, {
      severity: 'page',
      kind: 'key_switched_on',
      subject: seen.apiKeyId,
      sentence,
      dedupKey,
    });
    return true;
  });
}
