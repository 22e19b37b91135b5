import { setTimeout as sleep } from 'node:timers/promises';
import { createKafka } from '@bursar/bus/kafka-settings';

const STAYS_MS = 2_500;
/** As a further aggregator would join: one that dies with the broker is not waited for longer than that. */
const PATIENCE = { sessionTimeout: 6_000, heartbeatInterval: 1_000, rebalanceTimeout: 15_000 };

/**
 * Strangers join the consumer group one after the other, each for a few seconds: the group has to divide the partitions
 * anew twice per stranger. They read nothing and commit nothing. Returns how many could join.
 */
export async function rebalanceStorm(
  brokers: readonly string[],
  topic: string,
  groupId: string,
  members: number,
): Promise<number> {
  let joined = 0;
  for (let member = 0; member < members; member++) {
    // Without this, kafkajs lets a consumer that breaks while it is told to go join again behind our back.
    const retry = { restartOnFailure: async () => false };
    const consumer = createKafka({ brokers, clientId: 'bursar-soak-stranger' }).consumer({
      groupId,
      retry,
      ...PATIENCE,
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topic });
      await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: async () => {} });
      await sleep(STAYS_MS);
      joined++;
    } catch {
      // The broker may be away just now; then this stranger does not come.
    }
    await consumer.disconnect().catch(() => {});
  }
  return joined;
}
