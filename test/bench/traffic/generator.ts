/** The load generator, a process of its own: makes events, keeps the oracle, and sends as the emitter does. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createProducer, type RecordOut } from '@bursar/bus/producer';
import { createDelivery } from '@bursar/emitter/delivery';
import { encodeEvent, type UsageEvent } from '@bursar/events/cloudevent';
import { signatureHeader } from '@bursar/events/record-signature';
import { type BenchKey, benchEmitter, benchKeys, fullEvent, skewed } from './full-event.ts';
import { addToOracle, emptyOracle } from './oracle.ts';
import type { Order, Produced, Sent } from './order.ts';

const EMITTERS = 4;
const TICK_MS = 5;
const FILL_CHUNK = 2_000;

const nowMs = () => performance.timeOrigin + performance.now();

/** What has been made so far, and when it left. */
class Book {
  readonly oracle = emptyOracle();
  readonly sent: Sent[] = [];
  count = 0;
  dropped = 0;
  bytes = 0;

  note(event: UsageEvent): void {
    addToOracle(this.oracle, event);
    this.count++;
  }

  send(records: readonly RecordOut[]): void {
    this.sent.push({ atMs: nowMs(), ids: records.map(({ headers }) => headers!['ce_id'] as string) });
    for (const { value } of records) this.bytes += Buffer.byteLength(value!);
  }
}

function signed<T extends { value: string; headers: Record<string, string> }>(
  record: T,
  secret: string | undefined,
): T {
  if (secret === undefined) return record;
  return { ...record, headers: { ...record.headers, ...signatureHeader(record.value, secret) } };
}

/** As fast as Kafka takes it. */
async function fill(order: Order, keys: readonly BenchKey[], book: Book): Promise<void> {
  const producer = createProducer({ brokers: order.brokers, clientId: 'bursar-bench' });
  const emitters = Array.from({ length: EMITTERS }, (_, index) => benchEmitter(`bench-${index}`));
  for (let made = 0; made < order.count; made += FILL_CHUNK) {
    const records = Array.from({ length: Math.min(FILL_CHUNK, order.count - made) }, () => {
      const event = fullEvent(skewed(keys), skewed(emitters), Date.now());
      book.note(event);
      return signed({ key: event.data.key.sha256, ...encodeEvent(event) }, order.secrets?.[event.data.service]);
    });
    book.send(records);
    await producer.send(order.topic, records);
  }
  await producer.disconnect();
}

/** At a steady rate, through the emitter's own delivery: lingering 20 ms, at most 200 events a send, one send at a time. */
async function pace(order: Order & { ratePerS: number }, keys: readonly BenchKey[], book: Book): Promise<void> {
  const emitters = Array.from({ length: EMITTERS }, (_, index) => {
    const producer = createProducer({ brokers: order.brokers, clientId: 'bursar-bench' });
    const send = (topic: string, records: readonly RecordOut[]) => {
      book.send(records);
      return producer.send(topic, records);
    };
    const delivery = createDelivery({ send }, order.topic, (error) => process.stderr.write(`${error}\n`));
    return { delivery, producer, emitter: benchEmitter(`bench-${index}`) };
  });
  await Promise.all(emitters.map(({ producer }) => producer.connect()));
  const startedAtMs = performance.now();
  for (let offered = 0; offered < order.count; ) {
    const due = Math.min(order.count, Math.floor(((performance.now() - startedAtMs) / 1_000) * order.ratePerS));
    for (; offered < due; offered++) {
      const { delivery, emitter } = emitters[offered % EMITTERS]!;
      const event = fullEvent(skewed(keys), emitter, Date.now());
      // A full queue drops, as the emitter does; the figures tell how many, and the oracle knows only what was taken.
      if (delivery.push(event)) book.note(event);
      else book.dropped++;
    }
    await sleep(TICK_MS);
  }
  await Promise.all(emitters.map(({ delivery }) => delivery.drain(60_000)));
  await Promise.all(emitters.map(({ producer }) => producer.disconnect()));
}

process.once('message', async (order: Order) => {
  const book = new Book();
  const keys = benchKeys(order.keys);
  const startedAtMs = performance.now();
  if (order.ratePerS === undefined) await fill(order, keys, book);
  else await pace({ ...order, ratePerS: order.ratePerS }, keys, book);
  const seconds = (performance.now() - startedAtMs) / 1_000;
  const { count, dropped, bytes, oracle, sent } = book;
  const produced: Produced = { count, dropped, bytesPerEvent: bytes / count, perS: count / seconds, oracle, sent };
  process.send!(produced, () => process.disconnect());
});
