import { watermarks } from '@bursar/bus/admin';
import type { KafkaSettings } from '@bursar/bus/kafka-settings';
import { setKafkaMarks } from '@bursar/db/ledger/kafka-marks';
import type { Pool } from '@bursar/db/pool';
import { readDatabaseClock } from '@bursar/db/report/database-clock';
import type { Log } from '@bursar/runtime/log';
import { createLoop, type Loop } from '@bursar/runtime/loop';

const EVERY_MS = 5_000;

/** Marks again and again. That Kafka does not answer makes no process unready: the ledger then reaches no further, and says so. */
export function createMarkLoop(pool: Pool, kafka: KafkaSettings, topic: string, log: Log): Loop {
  const tick = () => markKafka(pool, kafka, topic);
  return createLoop({ name: 'kafka marks', everyMs: EVERY_MS, tick, log, staleAfterTicks: Number.POSITIVE_INFINITY });
}

/** Notes where Kafka ends now, so that a number which the ledger lacks can be told from one that it has not read yet. */
async function markKafka(pool: Pool, kafka: KafkaSettings, topic: string): Promise<void> {
  // The clock first: what was in Kafka by then is below the end that is read after it.
  const markedAt = await readDatabaseClock(pool);
  const marks = (await watermarks(kafka, topic)).map(({ partition, low, high }) => ({
    topic,
    partition,
    low_offset: low.toString(),
    end_offset: high.toString(),
  }));
  await setKafkaMarks(pool, marks, markedAt);
}
