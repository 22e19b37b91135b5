import type { Limit, Measure, Policy } from '@bursar/policy/policy';
import type { Delivered } from './consumer-group.ts';
import { windowOf } from './oracle-window.ts';
import { costOf, type SimPrices } from './prices.ts';
import type { Fact, UsageFact } from './traffic.ts';

export type Window = {
  measure: string;
  subject: string;
  startMs: number;
  endMs: number;
  total: bigint;
  provisional: bigint;
};
/** What the database says of itself after a commit: how far it has read, and under which configuration it counts. */
export type Observed = {
  offsets: { partition: number; next: bigint }[];
  epoch: bigint;
  version: number | null;
  /** Of the price book in force. */
  pricesHash: string | null;
  bindings: [sha256: string, keyName: string][];
};
/** What it cost is settled when it counts, by the prices in force then. */
export type CountedFact = UsageFact & { costPico: bigint };
type Tracked = { measure: Measure; countedFromMs: number; resolved: string };
type Ruled = { limit: Limit; generation: number };

export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/**
 * What must be true, in plain maps: every fact counts once, in the order in which the database says that it
 * has read. It learns which records those were from the log, never from what was stored.
 */
export class Oracle {
  readonly next = new Map<number, bigint>();
  readonly counted = new Map<string, CountedFact>();
  duplicates = 0;
  readonly unreadable: string[] = [];
  readonly windows = new Map<string, Window>();
  readonly tracked = new Map<string, Tracked>();
  readonly breaches = new Set<string>();
  /** Whoever had used a breached window of several keys when its breach was recorded. */
  readonly contributors = new Map<string, Set<string>>();
  readonly policies = new Map<number, Policy>();
  /** By the hash of their price book. */
  readonly prices = new Map<string, SimPrices>();
  /** The versions of the policy that were seen in force. */
  readonly activated = new Set<number>();
  epoch = 0n;
  version: number | null = null;
  pricesHash: string | null = null;
  priceChanges = 0;
  rules: Ruled[] = [];
  bindings: Observed['bindings'] = [];

  observe(now: Observed, delivered: Delivered | undefined, nowMs: number): void {
    for (const { partition, next } of now.offsets) this.#advance(partition, next, delivered, nowMs);
    if (now.epoch !== this.epoch) this.#moveEpoch(now, nowMs);
  }

  #advance(partition: number, to: bigint, delivered: Delivered | undefined, nowMs: number): void {
    const from = this.next.get(partition) ?? 0n;
    if (to === from) return;
    if (to < from) throw new InvariantError(`I1: partition ${partition} went back from offset ${from} to ${to}`);
    const facts: Fact[] = [];
    for (let offset = from; offset < to; offset++) {
      const record = delivered?.get(partition)?.get(offset);
      if (record === undefined)
        throw new InvariantError(
          `I6: partition ${partition} passed over offset ${offset}, which its reader was never given`,
        );
      facts.push(record.fact);
      if (record.fact.kind === 'unreadable') this.unreadable.push(`${partition}/${offset}`);
    }
    this.next.set(partition, to);
    this.#count(
      facts.filter((fact) => fact.kind === 'usage'),
      nowMs,
    );
  }

  /** One batch: the sums before and after it tell which thresholds it has carried them over. */
  #count(facts: readonly UsageFact[], nowMs: number): void {
    const before = new Map<string, Window>();
    const prices = this.prices.get(this.pricesHash ?? '');
    for (const told of facts) {
      if (this.counted.has(told.id)) {
        this.duplicates++;
        continue;
      }
      if (prices === undefined) throw new InvariantError('I1: counted while no price book was in force');
      const fact = { ...told, costPico: costOf(prices, told) };
      this.counted.set(fact.id, fact);
      for (const { measure, countedFromMs } of this.tracked.values()) {
        const window = this.#windowFor(measure, fact);
        if (window === undefined || window.startMs < countedFromMs) continue;
        const name = windowName(window);
        const known = this.windows.get(name) ?? window;
        if (!before.has(name)) before.set(name, { ...known });
        this.windows.set(name, added(known, measure, fact));
      }
    }
    for (const [name, was] of before) this.#judge(this.windows.get(name)!, was, nowMs);
  }

  #windowFor(measure: Measure, fact: UsageFact): Window | undefined {
    const { key, role, service } = measure.select;
    const selected =
      (role !== undefined && (role === '*' || role === fact.role)) ||
      (service !== undefined && service === fact.service) ||
      (key !== undefined && this.#boundTo(key).includes(fact.sha256));
    if (!selected) return undefined;
    const subject = measure.each === 'key' ? fact.sha256 : '';
    return { measure: measure.id, subject, ...windowOf(measure, fact.atMs), total: 0n, provisional: 0n };
  }

  #boundTo(keyName: string): string[] {
    return this.bindings.filter(([, name]) => name === keyName).map(([sha256]) => sha256);
  }

  /** With `was`, only what this sum has crossed; without, everything that it has reached. */
  #judge(window: Window, was: Window | undefined, nowMs: number): void {
    if (window.endMs <= nowMs) return;
    const crossed = (after: bigint, before: bigint | undefined, amount: bigint) =>
      after >= amount && (before === undefined || before < amount);
    for (const { limit, generation } of this.rules) {
      if (limit.measure.id !== window.measure) continue;
      const name = `${limit.name}/${generation}/${window.subject}/${window.startMs}`;
      for (const percent of limit.warnAtPercent) {
        const amount = (limit.amount * BigInt(percent) + 99n) / 100n;
        if (crossed(window.total, was?.total, amount)) this.breaches.add(`${name}/${percent}/warning`);
      }
      const firm = window.total - window.provisional;
      if (crossed(firm, was && was.total - was.provisional, limit.amount)) this.#breach(`${name}/100/limit`, window);
      else if (firm < limit.amount && crossed(window.total, was?.total, limit.amount))
        this.#breach(`${name}/100/provisional`, window);
      // Firm cost that was over before and a total that crosses in the same batch can't be: the total is never less.
    }
  }

  #breach(name: string, window: Window): void {
    if (this.breaches.has(name)) return;
    this.breaches.add(name);
    this.contributors.set(name, this.keysIn(window));
  }

  /** The keys whose use is part of a window. */
  keysIn(window: Window): Set<string> {
    const { measure } = this.tracked.get(window.measure)!;
    const keys = [...this.counted.values()].filter((fact) => {
      const its = this.#windowFor(measure, fact);
      return its !== undefined && its.subject === window.subject && its.startMs === window.startMs;
    });
    return new Set(keys.map((fact) => fact.sha256));
  }

  #moveEpoch(now: Observed, nowMs: number): void {
    if (now.epoch < this.epoch)
      throw new InvariantError(`the configuration went back from epoch ${this.epoch} to ${now.epoch}`);
    this.epoch = now.epoch;
    this.bindings = now.bindings;
    if (this.pricesHash !== null && now.pricesHash !== this.pricesHash) this.priceChanges++;
    this.pricesHash = now.pricesHash;
    if (now.version === null) return;
    this.activated.add(now.version);
    const policy = this.policies.get(now.version)!;
    this.rules = policy.limits.map((limit) => ({ limit, generation: this.#generationOf(limit, now.version!) }));
    this.version = now.version;
    const measures = new Map(policy.limits.map(({ measure }) => [measure.id, measure]));
    for (const id of [...this.tracked.keys()]) if (!measures.has(id)) this.#forget(id);
    for (const measure of measures.values()) this.#track(measure, nowMs);
    for (const window of this.windows.values()) this.#judge(window, undefined, nowMs);
  }

  #generationOf(limit: Limit, version: number): number {
    const before = this.rules.find((rule) => rule.limit.name === limit.name);
    const same =
      before !== undefined &&
      before.limit.measure.id === limit.measure.id &&
      before.limit.amount === limit.amount &&
      before.limit.onBreach === limit.onBreach;
    return same ? before.generation : version;
  }

  #forget(measureId: string): void {
    this.tracked.delete(measureId);
    for (const [name, window] of this.windows) if (window.measure === measureId) this.windows.delete(name);
  }

  /** A measure that is new, or whose name means other keys now, is counted from the beginning of its present window. */
  #track(measure: Measure, nowMs: number): void {
    const resolved = measure.select.key === undefined ? '' : this.#boundTo(measure.select.key).sort().join();
    const known = this.tracked.get(measure.id);
    if (known?.resolved === resolved) return;
    this.#forget(measure.id);
    const countedFromMs = windowOf(measure, nowMs).startMs;
    this.tracked.set(measure.id, { measure, countedFromMs, resolved });
    for (const fact of this.counted.values()) {
      const window = this.#windowFor(measure, fact);
      if (window === undefined || window.startMs < countedFromMs) continue;
      const name = windowName(window);
      this.windows.set(name, added(this.windows.get(name) ?? window, measure, fact));
    }
  }
}

export function windowName({ measure, subject, startMs }: Pick<Window, 'measure' | 'subject' | 'startMs'>): string {
  return `${measure}/${subject}/${startMs}`;
}

function added(window: Window, { metric }: Measure, fact: CountedFact): Window {
  const amount = metric === 'cost' ? fact.costPico : metric === 'tokens' ? fact.tokens : fact.requests;
  const provisional = metric === 'cost' && fact.provisional ? amount : 0n;
  return { ...window, total: window.total + amount, provisional: window.provisional + provisional };
}
