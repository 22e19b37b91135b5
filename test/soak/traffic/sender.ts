import { setTimeout as sleep } from 'node:timers/promises';
import { createProducer, type RecordOut } from '@bursar/bus/producer';

const RECORDS_PER_SEND = 200;
const SENDS_AT_ONCE = 4;
const RETRY_MS = 200;
const IDLE_MS = 5;

export type Sender = {
  add(record: RecordOut): void;
  /** Records that Kafka has not acknowledged yet. */
  readonly waiting: number;
  /** Sends that failed or timed out; each was repeated until Kafka acknowledged it. */
  readonly failures: number;
  /** Resolves when every record is acknowledged and the connection closed. */
  finish(): Promise<void>;
};

/** Sends records in the background; a send that fails is repeated as it is, so a record may arrive more than once. */
export function createSender(brokers: readonly string[], topic: string): Sender {
  const producer = createProducer({ brokers, clientId: 'bursar-soak' });
  const queue: RecordOut[] = [];
  let inFlight = 0;
  let failures = 0;
  let finishing = false;

  async function lane(): Promise<void> {
    for (;;) {
      const records = queue.splice(0, RECORDS_PER_SEND);
      if (records.length === 0) {
        if (finishing) return;
        await sleep(IDLE_MS);
        continue;
      }
      inFlight += records.length;
      await untilAcknowledged(records);
      inFlight -= records.length;
    }
  }

  async function untilAcknowledged(records: readonly RecordOut[]): Promise<void> {
    for (;;) {
      try {
        return await producer.send(topic, records);
      } catch {
        failures++;
        await sleep(RETRY_MS);
      }
    }
  }

  const lanes = Array.from({ length: SENDS_AT_ONCE }, lane);
  return {
    add: (record) => void queue.push(record),
    get waiting() {
      return queue.length + inFlight;
    },
    get failures() {
      return failures;
    },
    async finish() {
      finishing = true;
      await Promise.all(lanes);
      await producer.disconnect().catch(() => {});
    },
  };
}
