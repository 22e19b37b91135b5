import type { Queryable } from '../pool.ts';
import { rowSet } from '../unnest.ts';

export type KafkaMark = { topic: string; partition: number; low_offset: string; end_offset: string };

const kafkaMarks = rowSet<KafkaMark>({ topic: 'text', partition: 'int', low_offset: 'bigint', end_offset: 'bigint' });

/**
 * Sets, for each partition that has been read up to its mark, the next one: where Kafka ended at `markedAt` or later.
 * A mark that was not reached stays, so that its age is how long the partition has been behind. Rows are sorted by partition.
 */
export async function setKafkaMarks(db: Queryable, marks: readonly KafkaMark[], markedAt: Date): Promise<void> {
  const { from, columns, parameters, width } = kafkaMarks;
  await db.query(
    `insert into kafka_mark as known (${columns}, marked_at) select ${columns}, $${width + 1}::timestamptz from ${from()}
     on conflict (topic, partition) do update
     set low_offset = excluded.low_offset, end_offset = excluded.end_offset, marked_at = excluded.marked_at
     where excluded.end_offset < known.end_offset
        or known.end_offset <= coalesce((select next_offset from kafka_offset as read
             where read.topic = known.topic and read.partition = known.partition), excluded.low_offset)`,
    [...parameters(marks), markedAt],
  );
}
