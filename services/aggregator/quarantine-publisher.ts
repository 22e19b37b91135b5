import type { Producer } from '@bursar/bus/producer';
import { markQuarantinePublished, unpublishedQuarantine } from '@bursar/db/ledger/quarantine';
import type { Pool } from '@bursar/db/pool';

const MOST_PER_ROUND = 200;

/** Publishes what was quarantined to the quarantine topic, at least once, with the reason in the headers. */
export async function publishQuarantine(pool: Pool, producer: Pick<Producer, 'send'>, topic: string): Promise<void> {
  for (;;) {
    const records = await unpublishedQuarantine(pool, MOST_PER_ROUND);
    if (records.length === 0) return;
    await producer.send(
      topic,
      records.map((record) => ({
        key: `${record.topic}/${record.partition}/${record.kafkaOffset}`,
        value: record.record,
        headers: { reason: record.reason, detail: record.detail },
      })),
    );
    await markQuarantinePublished(
      pool,
      records.map((record) => record.quarantineId),
    );
    if (records.length < MOST_PER_ROUND) return;
  }
}
