import { DEDUP_WINDOW_MS } from '@bursar/events/topics';

const DAY_MS = 86_400_000;
/** How long an emitter may hold an event back while Kafka is away (the age limit of its spool). */
const SPOOL_AGE_MS = DAY_MS;
/** For clocks that differ and for Kafka, which deletes a moment late. */
const SLACK_MS = DAY_MS;
const LONGEST_MS = DEDUP_WINDOW_MS - SPOOL_AGE_MS - SLACK_MS;

/**
 * Why the usage topic must not be read as it is set: whatever Kafka still has must be young enough to be counted and
 * to be recognised when it comes again. Undefined when dedup window ≥ retention + spool age + slack.
 */
export function tooLongKept(
  topic: string,
  { retentionMs, compacts }: { retentionMs: number; compacts: boolean },
): string | undefined {
  if (compacts) {
    return (
      `the topic ${topic} is compacted: Kafka would delete all but the last request of each API key before they are counted. ` +
      `Set cleanup.policy=delete on it.`
    );
  }
  if (retentionMs >= 0 && retentionMs <= LONGEST_MS) return undefined;
  const kept = retentionMs < 0 ? 'for ever' : `${days(retentionMs)} days`;
  return (
    `the topic ${topic} keeps records ${kept} (retention.ms=${retentionMs}), but Bursar recognises an event that comes again ` +
    `for ${days(DEDUP_WINDOW_MS)} days only, of which ${days(SPOOL_AGE_MS)} is for emitters that wait and ${days(SLACK_MS)} is slack; ` +
    `older ones would go to quarantine. Set retention.ms=${LONGEST_MS} (${days(LONGEST_MS)} days) or less on it; ` +
    `to keep the raw log longer, mirror the topic to another.`
  );
}

function days(ms: number): number {
  return Math.round((ms / DAY_MS) * 10) / 10;
}
