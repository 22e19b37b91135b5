import { createKafka } from '@bursar/bus/kafka-settings';
import type { Pool } from '@bursar/db/pool';

/** Ends so many backends of our services, whatever they are doing. Returns how many were there to be ended. */
export async function killBackends(db: Pool, count: number): Promise<number> {
  const { rows } = await db.query<{ killed: boolean }>(
    `select pg_terminate_backend(pid) as killed from (
       select pid from pg_stat_activity
        where datname = current_database() and application_name like 'bursar %' and application_name <> 'bursar soak'
        order by (state = 'active') desc, random() limit $1) victim`,
    [count],
  );
  return rows.filter(({ killed }) => killed).length;
}

/** Makes Kafka forget what the ledger has counted, as retention does: nothing may be missed for it. */
export async function forgetCounted(db: Pool, brokers: readonly string[], topic: string): Promise<number> {
  const { rows } = await db.query<{ partition: number; next: string }>(
    'select partition, next_offset as next from kafka_offset where topic = $1',
    [topic],
  );
  const admin = createKafka({ brokers, clientId: 'bursar-soak' }).admin();
  await admin.connect();
  try {
    // kafkajs deletes records of a topic only when it has asked for its metadata before.
    await admin.fetchTopicOffsets(topic);
    const partitions = rows.map(({ partition, next }) => ({ partition, offset: next }));
    await admin.deleteTopicRecords({ topic, partitions });
    return partitions.length;
  } finally {
    await admin.disconnect();
  }
}
