import type { KafkaSettings } from '@bursar/bus/kafka-settings';
import { createProducer } from '@bursar/bus/producer';
import { pruneQuarantine } from '@bursar/db/ledger/quarantine';
import type { Pool } from '@bursar/db/pool';
import type { TopicSpec } from '@bursar/events/topics';
import type { Log } from '@bursar/runtime/log';
import { createLoop, type Loop } from '@bursar/runtime/loop';
import type { Part } from '@bursar/runtime/service';
import { consumeCommands } from './commands/consume-commands.ts';
import { discardQuarantined } from './commands/discard-quarantined.ts';
import { retryQuarantined } from './commands/retry-quarantined.ts';
import { publishQuarantine } from './quarantine-publisher.ts';

const SECOND_MS = 1_000;
const PRUNE_EVERY_MS = 600_000;
/** A chunk, so that no statement locks for long; the next round takes the next. */
const PRUNED_AT_ONCE = 1_000;

export type QuarantineOptions = {
  pool: Pool;
  kafka: KafkaSettings;
  topics: { usage: TopicSpec; quarantine: TopicSpec };
  /** How long a record stays after a person decided about it, and how long at most. */
  keepMs: { decided: number; held: number };
  log: Log;
};

/** What happens to records that could not be counted: told to others, decided by people, forgotten at last. */
export function quarantineParts(options: QuarantineOptions): { commands: Loop; parts: Part[] } {
  const { pool, kafka, topics, keepMs, log } = options;
  const producer = createProducer(kafka);
  const kinds = [retryQuarantined(producer, topics.usage.name), discardQuarantined()];
  const commands = createLoop({
    name: 'commands',
    everyMs: SECOND_MS,
    tick: () => consumeCommands(pool, kinds),
    log,
  });
  const publish = () => publishQuarantine(pool, producer, topics.quarantine.name);
  const prune = async () => void (await pruneQuarantine(pool, keepMs, PRUNED_AT_ONCE));
  return {
    commands,
    parts: [
      { name: 'quarantine producer', stop: () => producer.disconnect() },
      createLoop({ name: 'quarantine', everyMs: SECOND_MS, tick: publish, log }),
      createLoop({ name: 'quarantine retention', everyMs: PRUNE_EVERY_MS, tick: prune, log }),
      commands,
    ],
  };
}
