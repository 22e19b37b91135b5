import { submitPriceBook } from '@bursar/db/configuration/price-books';
import { submitPolicy } from '@bursar/db/configuration/submit-policy';
import type { Pool } from '@bursar/db/pool';
import type { Policy } from '@bursar/policy/policy';
import { policyContentHash, policyToJson } from '@bursar/policy/policy-json';
import { priceBookHash } from '@bursar/pricing/price-book';
import { priceBookToJson } from '@bursar/pricing/price-book-json';
import type { Revoker } from '../../services/revoker/revoker.ts';
import { AdminApi } from './admin-api.ts';
import type { Clock } from './clock.ts';
import { Member } from './consumer-group.ts';
import { type Contents, emptyContents } from './contents.ts';
import type { Database } from './database.ts';
import { type LogRecord, TopicLog } from './log.ts';
import { type Aggregator, openAggregator, openRevoker } from './members.ts';
import { observe } from './observe.ts';
import { Oracle } from './oracle.ts';
import { openPglitePool } from './pglite-pool.ts';
import { nextPolicy } from './policies.ts';
import type { Answer } from './prepared.ts';
import { FIRST_PRICES, nextPrices, priceBookOf, type SimPrices } from './prices.ts';
import { Random } from './random.ts';
import { Process, Scheduler } from './scheduler.ts';
import { makeEvent, makeKey, recordOf, type SimKey } from './traffic.ts';

export const FIRST_MS = Date.UTC(2026, 2, 5, 22, 50);
const MINUTE_MS = 60_000;
const FIRST_BOOK = priceBookHash(priceBookOf(FIRST_PRICES));
/** The part of the worlds that have a revoker too; the others are smaller. */
const FULL = 0.18;
/** How often an aggregator looks at its configuration, at random between these. */
const LOOK_MS: Record<'full' | 'small', [least: number, most: number]> = { full: [500, 3_000], small: [2_000, 8_000] };

export type Running = { member: Member; aggregator: Aggregator; process: Process };

/** One company in one seed: its keys, its log, its processes, its Anthropic, and what must be true of all that. */
export class World {
  readonly random: Random;
  readonly clock: Clock;
  readonly database: Database;
  readonly scheduler: Scheduler;
  readonly topic: TopicLog;
  readonly oracle = new Oracle();
  readonly adminApi: AdminApi;
  readonly keys: SimKey[];
  readonly withRevoker: boolean;
  /** What has happened, for people who want to know whether much does. */
  readonly contents: Contents = emptyContents();
  /** What went wrong where nothing may go wrong. */
  readonly errors: unknown[] = [];
  readonly itself = new Process('world', true);
  readonly pool: Pool;
  readonly aggregators: Running[] = [];
  policy: Policy | undefined;
  policyCount = 0;
  prices: SimPrices = FIRST_PRICES;
  emitted = 0;
  closing = false;
  #seq = 0;
  #names = 0;
  readonly #owners: (Running | undefined)[];

  constructor(seed: number, clock: Clock, database: Database) {
    this.random = new Random(seed);
    this.clock = clock;
    this.database = database;
    clock.start(FIRST_MS + this.random.int(0, 75) * MINUTE_MS);
    this.scheduler = new Scheduler(this.random, clock, async () => void (await database.query('rollback')));
    this.withRevoker = this.random.chance(FULL);
    this.topic = new TopicLog(this.random.int(1, this.withRevoker ? 3 : 2));
    this.adminApi = new AdminApi(this.random, this.scheduler);
    this.keys = Array.from({ length: this.random.int(2, 3) }, (_, index) =>
      makeKey(index, this.random, index === 0 && this.random.chance(0.3)),
    );
    this.oracle.prices.set(FIRST_BOOK, FIRST_PRICES);
    this.pool = this.poolOf(this.itself);
    this.#owners = this.topic.partitions.map(() => undefined);
  }

  poolOf(process: Process): Pool {
    const { database, scheduler } = this;
    return openPglitePool({
      database,
      scheduler,
      process,
      onCommit: (by, statements) => this.#afterCommit(by, statements),
      onAnswer: (sql, values, answer) => this.#noteRefusal(sql, values, answer),
    });
  }

  async #afterCommit(process: Process, statements: readonly string[]): Promise<void> {
    if (!statements.some((text) => /update (kafka_offset|configuration_epoch)/.test(text))) return;
    const delivered = this.aggregators.find((running) => running.process === process)?.member.delivered;
    this.oracle.observe(await observe(this.database), delivered, this.clock.nowMs);
  }

  #noteRefusal(sql: string, values: readonly unknown[], { rows }: Answer): void {
    if (!sql.includes('update kafka_offset set next_offset') || rows[0]?.claimed !== false) return;
    if (rows[0].next_offset === values[2]) this.contents.refusedEpochs++;
    else this.contents.refusedZombies++;
  }

  /** Starts an aggregator; when it dies another one starts from nothing. */
  startAggregator(): void {
    const process = new Process(`aggregator ${++this.#names}`);
    const { topic, scheduler, random, clock, contents } = this;
    const member = new Member({ process, topic, scheduler, random, clock, contents });
    const ended = new AbortController();
    const aggregator = openAggregator(this.poolOf(process), this.topic, member);
    const running = { member, aggregator, process };
    this.aggregators.push(running);
    process.onDeath = () => {
      ended.abort();
      this.aggregators.splice(this.aggregators.indexOf(running), 1);
      if (this.closing) return;
      this.startAggregator();
    };
    this.#guard(this.#live(running, ended.signal));
  }

  async #live({ member, aggregator, process }: Running, signal: AbortSignal): Promise<void> {
    await this.scheduler.sleep(process, this.random.int(0, 300), 'start');
    await aggregator.configuration.keep();
    this.#guard(aggregator.run(signal));
    for (const [partition, owner] of this.#owners.entries()) {
      if (owner === undefined || !owner.process.alive) this.assign(partition, this.#running(member));
    }
    for (;;) {
      await this.scheduler.sleep(
        process,
        this.closing ? 20_000 : this.random.int(...LOOK_MS[this.withRevoker ? 'full' : 'small']),
        'configuration',
      );
      await aggregator.configuration.keep();
      await aggregator.lift();
    }
  }

  #running(member: Member): Running {
    return this.aggregators.find((running) => running.member === member)!;
  }

  /** Gives a partition to a member. Whoever had it is not asked whether it has finished. */
  assign(partition: number, to: Running): void {
    this.contents.assignments++;
    this.#owners[partition]?.member.revoke(partition);
    this.#owners[partition] = to;
    to.member.assign(partition);
  }

  startRevoker(): void {
    const process = new Process(`revoker ${++this.#names}`);
    const revoker = openRevoker(this.poolOf(process), process, this.adminApi, this.random);
    process.onDeath = () => {
      if (!this.closing) this.startRevoker();
    };
    for (const loop of [revoker.consume, revoker.act, revoker.release, revoker.standing]) {
      this.#guard(this.#turn(process, loop));
    }
  }

  async #turn(process: Process, loop: Revoker['consume']): Promise<void> {
    for (;;) {
      await this.scheduler.sleep(process, this.random.int(300, 3_000), loop.name);
      await loop.tickNow();
    }
  }

  #guard(work: Promise<unknown>): void {
    work.catch((error) => this.errors.push(error));
  }

  /** A request is made: its event is sent once, or more often when the acknowledgement is lost. */
  emit(): void {
    const key = this.random.pick(this.keys);
    const log = this.topic.partitions[this.keys.indexOf(key) % this.topic.partitions.length]!;
    if (log.rewritten) return;
    this.emitted++;
    if (this.random.chance(0.04)) {
      log.append({
        key: key.sha256,
        value: `{"not": ${this.random.int(0, 99)}`,
        headers: {},
        fact: { kind: 'unreadable' },
      });
      return;
    }
    const nowMs = this.clock.nowMs;
    const atMs = nowMs - (this.random.chance(0.15) ? this.random.int(0, 90) * MINUTE_MS : this.random.int(0, 500));
    const boot = `00000000-0000-4000-8000-${String(this.keys.indexOf(key)).padStart(12, '0')}`;
    const { event, fact } = makeEvent(this.random, { key, atMs, nowMs, seq: ++this.#seq, boot });
    const record = { ...recordOf(event), fact };
    log.append(record);
    this.#sent.push({ log: this.topic.partitions.indexOf(log), record });
    while (this.random.chance(0.2)) this.#resend();
  }

  /** Where nothing is left to read, only the next record shows what has become of a log. */
  emitAfterLoss(): void {
    for (const [partition, log] of this.topic.partitions.entries()) {
      if (!log.rewritten && (log.low !== log.high || log.low === 0n)) continue;
      // One who was still busy with the log of before may have left a hint at or past the end of this one.
      do log.append({ key: this.keys[0]!.sha256, value: 'the next', headers: {}, fact: { kind: 'unreadable' } });
      while (log.high <= (this.topic.hints.get(partition) ?? 0n));
    }
  }

  readonly #sent: { log: number; record: Omit<LogRecord, 'offset'> }[] = [];

  /** Mostly the newest again; sometimes an old one, long after. */
  #resend(): void {
    const again = this.random.chance(0.6) ? this.#sent.at(-1)! : this.random.pick(this.#sent);
    const log = this.topic.partitions[again.log]!;
    if (log.rewritten) return;
    log.append(again.record);
  }

  async submitPolicy(): Promise<void> {
    this.policy = nextPolicy(this.policy, this.keys, this.random);
    this.oracle.policies.set(++this.policyCount, this.policy);
    await submitPolicy(this.pool, {
      ...{ contentHash: policyContentHash(this.policy), source: '', reason: 'simulated' },
      policyJson: policyToJson(this.policy),
    });
  }

  async submitPrices(): Promise<void> {
    this.prices = nextPrices(this.prices, this.random, this.clock.nowMs);
    const book = priceBookOf(this.prices);
    const contentHash = priceBookHash(book);
    this.oracle.prices.set(contentHash, this.prices);
    await submitPriceBook(this.pool, { contentHash, bookJson: priceBookToJson(book), reason: 'simulated' });
  }

  /** What the scheduler's inventory job writes: the metered key can be bound from now on. */
  async learn(key: SimKey): Promise<void> {
    this.adminApi.status.set(key.apiKeyId, 'active');
    await this.pool.query(
      `insert into api_key (api_key_id, name, status, hint, created_at) values ($1, $2, 'active', $3, $4)`,
      [key.apiKeyId, key.name, key.hint, new Date(this.clock.nowMs)],
    );
  }
}
