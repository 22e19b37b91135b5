import type { KeyObject } from 'node:crypto';
import type { Producer, RecordOut } from '@bursar/bus/producer';
import { markPublished, type UnpublishedStanding, unpublishedStandings } from '@bursar/db/enforcement/standing';
import type { Pool } from '@bursar/db/pool';
import { encodeEvent, type StandingEvent } from '@bursar/events/cloudevent';
import { STANDING_TYPE, standingRecordKey } from '@bursar/events/standing-event';
import { SIGNATURE_HEADER, signStanding } from '@bursar/events/standing-signature';
import { uuidV7 } from '@bursar/events/uuid-v7';

export type StandingParts = {
  pool: Pool;
  producer: Pick<Producer, 'send'>;
  topic: string;
  privateKey: KeyObject;
  source: string;
};

const RECORDS_PER_TURN = 100;

/** Tells the guards every decision that they were not told of. May tell one twice: guards go by its generation. */
export async function publishStandings(parts: StandingParts): Promise<void> {
  const { pool, producer, topic } = parts;
  for (;;) {
    const standings = await unpublishedStandings(pool, RECORDS_PER_TURN);
    if (standings.length === 0) return;
    await producer.send(
      topic,
      standings.map((standing) => standingRecord(standing, parts, Date.now())),
    );
    for (const { apiKeyId, generation } of standings) await markPublished(pool, apiKeyId, generation);
    if (standings.length < RECORDS_PER_TURN) return;
  }
}

/** The signed Kafka record of a decision. */
export function standingRecord(
  standing: UnpublishedStanding,
  { privateKey, source }: Pick<StandingParts, 'privateKey' | 'source'>,
  nowMs: number,
): RecordOut {
  const subject = { kind: 'key', sha256: standing.sha256 } as const;
  const suspended = standing.wanted === 'inactive';
  const event: StandingEvent = {
    specversion: '1.0',
    id: uuidV7(nowMs),
    source,
    subject: standing.sha256,
    time: standing.changedAt.toISOString(),
    type: STANDING_TYPE,
    data: {
      subject,
      state: suspended ? 'suspended' : 'active',
      generation: Number(standing.generation),
      ...(suspended && standing.cause !== null && { cause: standing.cause }),
      ...(suspended && standing.until !== null && { until: standing.until.toISOString() }),
    },
  };
  const { value, headers } = encodeEvent(event);
  return {
    key: standingRecordKey(subject),
    value,
    headers: { ...headers, [SIGNATURE_HEADER]: signStanding(value, privateKey) },
  };
}
