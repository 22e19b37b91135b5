/** The company's services in one process of its own: makes events at a steady rate and keeps the oracle. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordOut } from '@bursar/bus/producer';
import { encodeEvent } from '@bursar/events/cloudevent';
import { uuidV7 } from '@bursar/events/uuid-v7';
import { SERVICES, type SoakKey } from '../company.ts';
import { type Random, randomOf } from '../random.ts';
import { draw } from './draw.ts';
import { type EmitterBoot, makeEvent } from './make-event.ts';
import type { Account, Order, Report } from './messages.ts';
import { Oracle } from './oracle.ts';
import { type PriceChange, PriceHistory } from './price-history.ts';
import { createSender, type Sender } from './sender.ts';

const TICK_MS = 50;
const DUPLICATE_SHARE = 0.065;
/** Of the duplicates: those under the Kafka key of somebody else. They must be set aside, and count nothing. */
const MISADDRESSED_SHARE = 0.2;
const LONGEST_DELAY_S = 60;
const UNREADABLE_SHARE = 0.001;

type Start = Extract<Order, { start: unknown }>['start'];

class Generator {
  readonly #start: Start;
  readonly #random: Random;
  readonly #sender: Sender;
  readonly #oracle = new Oracle();
  readonly #prices = new PriceHistory();
  readonly #keys: SoakKey[] = [];
  readonly #emitters = new Map<string, EmitterBoot>();
  readonly #later = new Map<number, RecordOut[]>();
  readonly #unreadable: string[] = [];
  readonly #misaddressed: string[] = [];
  readonly #startedAt = new Date().toISOString();
  #totalWeight = 0;
  #duplicates = 0;
  #bytes = 0;

  constructor(start: Start) {
    this.#start = start;
    this.#random = randomOf(start.seed);
    this.#sender = createSender(start.brokers, start.topic);
    for (const key of start.keys) this.add(key);
    for (const service of SERVICES) this.#emitters.set(service, { id: `${service}/soak`, boot: randomUUID(), seq: 0 });
  }

  add(key: SoakKey): void {
    this.#keys.push(key);
    this.#totalWeight += key.weight;
  }

  changePrice(change: PriceChange): void {
    this.#prices.add(change);
  }

  /** Events for as long as told; then the duplicates that are left, the emitters' goodbye, and the account. */
  async run(onProgress: (made: number, waiting: number, failedSends: number) => void): Promise<Account> {
    const { rate, durationMs } = this.#start;
    const begunMs = performance.now();
    for (let toldMs = 0; ; ) {
      const ranMs = Math.min(performance.now() - begunMs, durationMs);
      while (this.#oracle.events < (ranMs / 1_000) * rate) this.#makeOne(Math.floor(ranMs / 1_000));
      this.#sendDue(Math.floor(ranMs / 1_000));
      if (ranMs - toldMs >= 1_000) {
        toldMs = ranMs;
        onProgress(this.#oracle.events, this.#sender.waiting, this.#sender.failures);
      }
      if (ranMs >= durationMs) break;
      await sleep(TICK_MS);
    }
    this.#sendDue(Number.POSITIVE_INFINITY);
    for (const [service, emitter] of this.#emitters) this.#sender.add(goodbye(service, emitter, this.#startedAt));
    await this.#sender.finish();
    return this.#account();
  }

  #makeOne(second: number): void {
    const random = this.#random;
    const key = this.#pickKey();
    const drawn = draw(random, key.service);
    const event = makeEvent(random, key, this.#emitters.get(key.service)!, drawn);
    const record = { key: key.sha256, ...encodeEvent(event) };
    this.#bytes += record.value.length;
    const price = drawn.price && this.#prices.at(drawn.price, Date.parse(event.data.startedAt));
    this.#oracle.count(event, { ...drawn, price });
    this.#sender.add(record);
    if (random.next() < DUPLICATE_SHARE) this.#repeatLater(record, event.id, second + random.whole(0, LONGEST_DELAY_S));
    if (random.next() < UNREADABLE_SHARE) this.#sendUnreadable(key);
  }

  #pickKey(): SoakKey {
    let left = this.#random.next() * this.#totalWeight;
    for (const key of this.#keys) {
      left -= key.weight;
      if (left < 0) return key;
    }
    return this.#keys[0]!;
  }

  #repeatLater(record: RecordOut, eventId: string, second: number): void {
    const key = this.#random.next() < MISADDRESSED_SHARE ? this.#pickKey().sha256 : record.key;
    if (key === record.key) this.#duplicates++;
    else this.#misaddressed.push(eventId);
    this.#later.set(second, [...(this.#later.get(second) ?? []), { ...record, key }]);
  }

  #sendUnreadable(key: SoakKey): void {
    const value = `{"soak":${this.#unreadable.length},"broken":`;
    this.#unreadable.push(value);
    this.#sender.add({ key: key.sha256, value });
  }

  #sendDue(second: number): void {
    for (const [due, records] of this.#later) {
      if (due > second) continue;
      for (const record of records) this.#sender.add(record);
      this.#later.delete(due);
    }
  }

  #account(): Account {
    return {
      events: this.#oracle.events,
      duplicates: this.#duplicates,
      unreadable: this.#unreadable,
      misaddressed: this.#misaddressed,
      cells: [...this.#oracle.cells.values()],
      emitters: [...this.#emitters.values()].map(({ id, boot, seq }) => ({ id, boot, seq })),
      bytesPerEvent: this.#bytes / this.#oracle.events,
      failedSends: this.#sender.failures,
    };
  }
}

function goodbye(service: string, { id, boot, seq }: EmitterBoot, startedAt: string): RecordOut {
  const encoded = encodeEvent({
    specversion: '1.0',
    id: uuidV7(Date.now()),
    source: `//bursar/emitter/${id}`,
    type: 'dev.bursar.emitter.closed.v1',
    time: new Date().toISOString(),
    data: { emitter: { id, boot }, service, startedAt, highestSeq: seq, pending: 0, dropped: {} },
  });
  return { key: boot, ...encoded };
}

const tell = (report: Report) => process.send?.(report);
let generator: Generator | undefined;

process.on('disconnect', () => process.exit(0));
process.on('message', async (order: Order) => {
  if ('key' in order) return generator?.add(order.key);
  if ('priceChange' in order) return generator?.changePrice(order.priceChange);
  generator = new Generator(order.start);
  const account = await generator.run((made, waiting, failedSends) =>
    tell({ progress: { made, waiting, failedSends } }),
  );
  tell({ finished: account });
});
