import type { Producer, RecordOut } from '@bursar/bus/producer';
import { type EmitterEvent, encodeEvent, type UsageEvent } from '@bursar/events/cloudevent';
import { BoundedQueue } from './bounded-queue.ts';
import type { RecordSigner } from './record-signer.ts';

const MAX_QUEUED = 10_000;
const MAX_QUEUED_BYTES = 8 * 1024 * 1024;
const BATCH_COUNT = 200;
const BATCH_BYTES = 256 * 1024;
const LINGER_MS = 20;
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5_000;

export type Delivery = {
  /** Takes an event in without waiting for anything; false when there is no room. */
  push(event: UsageEvent): boolean;
  /** Sends a lifecycle event with the next batch. One that still waits is replaced by a newer one of its type. */
  announce(event: EmitterEvent): void;
  /** Usage events that Kafka has not acknowledged. */
  pendingCount(): number;
  /** Usage events that it has. */
  sentCount(): number;
  /** Resolves when everything, announcements too, has been acknowledged, or after `timeoutMs`. Keeps the process alive meanwhile. */
  drain(timeoutMs: number): Promise<void>;
  /** Tries no more. */
  stop(): void;
};

/**
 * Brings events to Kafka: in batches, one send at a time, for as long as it takes. While Kafka is away events stay in
 * the bounded queue; `onFailure` hears of each send that failed. `sign` is asked anew for each attempt to send. Nothing here keeps a process alive, except `drain`.
 */
export function createDelivery(
  producer: Pick<Producer, 'send'>,
  topic: string,
  onFailure: (error: unknown) => void,
  sign?: RecordSigner,
): Delivery {
  const queue = new BoundedQueue<UsageEvent>(MAX_QUEUED, MAX_QUEUED_BYTES);
  const announcements = new Map<string, EmitterEvent>();
  let sent = 0;
  let failures = 0;
  let sending = false;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let isDueNow = false;
  const onEmpty: (() => void)[] = [];

  const isEmpty = () => queue.count === 0 && announcements.size === 0;

  function flushWithin(delayMs: number): void {
    if (stopped) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      isDueNow = false;
      void sendPending();
    }, delayMs).unref();
  }

  function flushNow(): void {
    if (isDueNow) return;
    clearTimeout(timer);
    timer = undefined;
    isDueNow = true;
    flushWithin(0);
  }

  async function sendPending(): Promise<void> {
    if (sending) return;
    sending = true;
    try {
      while (!isEmpty() && !stopped) await sendBatch();
      failures = 0;
      for (const wake of onEmpty.splice(0)) wake();
    } catch (error) {
      onFailure(error);
      flushWithin(retryDelayMs(failures++));
    } finally {
      sending = false;
    }
  }

  async function sendBatch(): Promise<void> {
    const notices = [...announcements.values()];
    const events = queue.peek(BATCH_COUNT - notices.length, BATCH_BYTES);
    await producer.send(topic, recordsOf(notices, events, sign));
    queue.remove(events.length);
    sent += events.length;
    for (const notice of notices) if (announcements.get(notice.type) === notice) announcements.delete(notice.type);
  }

  return {
    push(event) {
      if (!queue.tryPush(event, approximateBytes(event))) return false;
      if (sending || failures > 0) return true;
      if (queue.count >= BATCH_COUNT || queue.bytes >= BATCH_BYTES) flushNow();
      else flushWithin(LINGER_MS);
      return true;
    },
    announce(event) {
      announcements.set(event.type, event);
      flushWithin(LINGER_MS);
    },
    pendingCount: () => queue.count,
    sentCount: () => sent,
    async drain(timeoutMs) {
      if (isEmpty()) return;
      await new Promise<void>((resolve) => {
        const deadline = setTimeout(resolve, timeoutMs);
        onEmpty.push(() => {
          clearTimeout(deadline);
          resolve();
        });
        flushNow();
      });
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** Doubles up to five seconds; the jitter keeps many services from coming back in step. */
function retryDelayMs(failuresBefore: number): number {
  const longest = Math.min(FIRST_RETRY_MS * 2 ** failuresBefore, LONGEST_RETRY_MS);
  return longest * (0.5 + Math.random() / 2);
}

function recordsOf(
  notices: readonly EmitterEvent[],
  events: readonly UsageEvent[],
  sign: RecordSigner | undefined,
): RecordOut[] {
  const records = [...notices.map(noticeRecord), ...events.map(usageRecord)];
  if (sign === undefined) return records;
  return records.map((record) => ({ ...record, headers: { ...record.headers, ...sign(record.value) } }));
}

type EncodedRecord = RecordOut & { readonly value: string };

function usageRecord(event: UsageEvent): EncodedRecord {
  return { key: event.data.key.sha256, ...encodeEvent(event) };
}

function noticeRecord(event: EmitterEvent): EncodedRecord {
  return { key: `emitter:${event.data.emitter.id}`, ...encodeEvent(event) };
}

/** The length of the JSON to come, to about a third: the fixed part is 1,000 to 1,300 bytes. */
export function approximateBytes({ data }: UsageEvent): number {
  let bytes = 1_150 + 2 * (data.principal?.length ?? 0) + 150 * (data.usage?.iterations?.length ?? 0);
  for (const name in data.tags) bytes += 6 + 2 * (name.length + data.tags[name]!.length);
  return bytes;
}
