import type { Finding } from '@bursar/db/inbox/finding';
import { knownBoots } from '@bursar/db/ledger/emitters';
import type { QuarantineRow } from '@bursar/db/ledger/rows';
import type { Pool } from '@bursar/db/pool';
import type { PricedRecord } from './price-records.ts';
import type { Readings } from './read-records.ts';

/** Believed of any boot at any time. */
const ALWAYS = 1_000_000;
/** Believed of a boot that the ledger has never heard of: a thousand requests a second for eleven days. */
const FIRST_HEARD = 1_000_000_000;
/** More requests than one process can make. */
const MOST_PER_MS = 100;

export type MostSeqOf = (emitterId: string, boot: string) => number;

/**
 * The highest number that each boot can have given: what the ledger knows of it, and as many as fit into the time since.
 * Asks the database only about boots that claim more than a million.
 */
export async function believableSeqs(pool: Pool, readings: Readings): Promise<MostSeqOf> {
  const claims = new Map<string, { emitterId: string; boot: string }>();
  const claim = ({ id, boot }: { id: string; boot: string }, seq: number) => {
    if (seq > ALWAYS) claims.set(`${id}/${boot.toLowerCase()}`, { emitterId: id, boot });
  };
  for (const { event } of readings.usage) claim(event.data.emitter, event.data.emitter.seq);
  for (const { emitter } of readings.refused) claim(emitter, emitter.seq);
  for (const { event } of readings.emitters) claim(event.data.emitter, event.data.highestSeq);
  if (claims.size === 0) return () => ALWAYS;
  const known = await knownBoots(pool, [...claims.values()]);
  return (emitterId, boot) => {
    const name = `${emitterId}/${boot.toLowerCase()}`;
    const heard = known.get(name);
    if (heard === undefined) return claims.has(name) ? FIRST_HEARD : ALWAYS;
    return heard.highestSeq + ALWAYS + Math.max(0, heard.silentForMs) * MOST_PER_MS;
  };
}

/** One finding for each boot whose numbers can't be believed. */
export function unbelievable(records: readonly PricedRecord[], mostSeqOf: MostSeqOf): Finding[] {
  const findings = new Map<string, Finding>();
  for (const { event } of records) {
    const { id, boot, seq } = event.data.emitter;
    if (seq <= ALWAYS || seq <= mostSeqOf(id, boot)) continue;
    const subject = `${id}/${boot.toLowerCase()}`;
    findings.set(subject, {
      kind: 'implausible_seq',
      subject,
      sentence:
        `The emitter ${id} of ${event.data.service} numbers an event ${seq}, more than it can have made. The event is counted; ` +
        'its number is left out of the account of what is missing.',
      detail: { seq, eventId: event.id },
    });
  }
  return [...findings.values()];
}

/** A record in quarantine whose number can't be believed is evidence, and counts in no quarter. */
export function withBelievableSeq(row: QuarantineRow, mostSeqOf: MostSeqOf): QuarantineRow {
  const { emitter_id, boot, seq } = row;
  if (emitter_id === null || boot === null || seq === null || seq <= mostSeqOf(emitter_id, boot)) return row;
  return { ...row, quarter: null };
}
