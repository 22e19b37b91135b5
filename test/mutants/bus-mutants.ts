import type { Mutant } from './mutant.ts';

const loop = 'packages/bus/src/partition-loop.ts';
const verdicts = 'packages/bus/src/partition-verdicts.test.ts';

/** What the loop does with kafkajs. */
export const busMutants: readonly Mutant[] = [
  {
    name: 'an error of kafkajs ends the membership',
    file: loop,
    find: 'if (isKafkaAway(error)) throw error;',
    replace: '',
    killedBy: 'packages/bus/src/partition-loop.kafka.test.ts',
    tests: 'a member that learns of a rebalance from its own heartbeat',
  },
  {
    name: "Kafka's own place is believed",
    file: loop,
    find: 'consumer.seek({ topic: batch.topic, partition: batch.partition, offset: String(verdict.next) });',
    replace: '',
    killedBy: verdicts,
    tests: 'a partition is read again from where the caller says',
  },
  {
    name: 'what was fetched is taken for read',
    file: loop,
    find: 'payload.resolveOffset(String(verdict.next - (isLapsed ? 2n : 1n)));',
    replace: 'payload.resolveOffset(batch.lastOffset());',
    killedBy: verdicts,
    tests: 'a partition goes on where the caller has come to',
  },
  {
    name: 'a halted partition is fetched on',
    file: loop,
    find: 'consumer.pause([{ topic: batch.topic, partitions: [batch.partition] }]);',
    replace: '',
    killedBy: verdicts,
    tests: 'a halted partition is not worked on',
  },
  {
    name: 'a halted partition is worked on after a rejoin',
    file: loop,
    find: 'if (halted !== undefined) return halt(state, consumer, batch, halted);',
    replace: '',
    killedBy: verdicts,
    tests: 'a halted partition is not worked on',
  },
  {
    name: 'a batch of a partition that was taken away is worked on',
    file: loop,
    find: ' || payload.isStale()',
    replace: '',
    killedBy: verdicts,
    tests: 'a batch that is stale is not worked on',
  },
];
