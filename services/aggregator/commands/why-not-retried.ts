import type { DecidableRecord } from '@bursar/db/ledger/quarantine';
import type { Altered } from '@bursar/db/ledger/rows';
import { quarantineAdvice } from '@bursar/events/quarantine-reason';
import { DEDUP_WINDOW_MS } from '@bursar/events/topics';
import { uuidV7TimeMs } from '@bursar/events/uuid-v7';

const DAY_MS = 86_400_000;

const ALTERED: Record<Altered, string> = {
  cut: 'only its beginning was kept',
  scrubbed: 'it held a secret, which was not kept',
  not_text: 'it is not text, so its bytes were not kept',
};

/** Why a record must not go through the log again; undefined when it may. */
export function whyNotRetried(
  { state, reason, altered, eventId }: Pick<DecidableRecord, 'state' | 'reason' | 'altered' | 'eventId'>,
  nowMs: number,
): string | undefined {
  if (state === 'retried') return 'it was sent again before; if it failed again it is here under a new number';
  if (altered !== null) return `it can't be sent as it came: ${ALTERED[altered]}`;
  const idMs = eventId === null ? undefined : uuidV7TimeMs(eventId);
  if (reason === 'too_old' || (idMs !== undefined && idMs < nowMs - DEDUP_WINDOW_MS)) {
    const days = DEDUP_WINDOW_MS / DAY_MS;
    return `it is older than the ${days} days in which ids are remembered, so it may have been counted; compare its day with Anthropic's figures`;
  }
  return quarantineAdvice(reason).canRetry ? undefined : 'there is nothing in it that could count';
}
