import type { Finding } from '@bursar/db/inbox/finding';
import type { PricedRecord } from './price-records.ts';

/** Per key and UTC day of the request; what comes after counts under `OTHER`. */
export const MOST_PRINCIPALS = 1_000;
const OTHER = 'other';
const DAY_MS = 86_400_000;
const REMEMBERED = 200_000;

export type PrincipalsOf = (
  keyRefs: readonly number[],
  dayMs: number,
) => Promise<readonly { keyRef: number; principal: string }[]>;

export type Folded = { records: PricedRecord[]; findings: Finding[]; count: number };

/**
 * Keeps a hostile or careless caller, with a principal per request, from making a dimension per request. The first
 * thousand principals of a key and day keep their names, all others share one: no sum is lost, only whose it was. What the
 * ledger holds of that day is asked once, so a restart does not begin anew; processes that share a key's partition
 * for a moment, or batches that were never committed, may let a few more or fewer have their names.
 */
export class PrincipalBound {
  readonly #principalsOf: PrincipalsOf;
  readonly #most: number;
  readonly #remembered: number;
  readonly #named = new Map<string, Set<string>>();
  #count = 0;

  constructor(principalsOf: PrincipalsOf, most = MOST_PRINCIPALS, remembered = REMEMBERED) {
    this.#principalsOf = principalsOf;
    this.#most = most;
    this.#remembered = remembered;
  }

  async fold(records: readonly PricedRecord[]): Promise<Folded> {
    await this.#recall(records);
    const tooMany = new Set<number>();
    let count = 0;
    const folded = records.map((record) => {
      if (record.dimension.principal === '' || this.#admits(record)) return record;
      count++;
      tooMany.add(record.dimension.key_ref);
      return { ...record, dimension: { ...record.dimension, principal: OTHER } };
    });
    return { records: folded, count, findings: [...tooMany].map((keyRef) => this.#finding(keyRef)) };
  }

  #admits(record: PricedRecord): boolean {
    const { principal } = record.dimension;
    const named = this.#named.get(nameOf(record));
    if (named === undefined || named.has(principal)) return true;
    if (named.size >= this.#most) return false;
    named.add(principal);
    this.#count++;
    return true;
  }

  /** Asks the ledger about keys and days that are not remembered; forgets all first when that is too much. */
  async #recall(records: readonly PricedRecord[]): Promise<void> {
    if (this.#count > this.#remembered || this.#named.size > this.#remembered) {
      this.#named.clear();
      this.#count = 0;
    }
    const unknown = new Map<number, Set<number>>();
    for (const record of records) {
      if (record.dimension.principal === '' || this.#named.has(nameOf(record))) continue;
      const dayMs = dayOf(record);
      unknown.set(dayMs, (unknown.get(dayMs) ?? new Set()).add(record.dimension.key_ref));
    }
    for (const [dayMs, keyRefs] of unknown)
      this.#remember(dayMs, keyRefs, await this.#principalsOf([...keyRefs], dayMs));
  }

  #remember(dayMs: number, keyRefs: ReadonlySet<number>, found: Awaited<ReturnType<PrincipalsOf>>): void {
    for (const keyRef of keyRefs) {
      // Another lane may have asked at the same time, and may have let in more since.
      if (!this.#named.has(`${keyRef}/${dayMs}`)) this.#named.set(`${keyRef}/${dayMs}`, new Set());
    }
    for (const { keyRef, principal } of found) {
      if (principal === OTHER) continue;
      this.#named.get(`${keyRef}/${dayMs}`)?.add(principal);
      this.#count++;
    }
  }

  #finding(keyRef: number): Finding {
    return {
      kind: 'too_many_principals',
      subject: `key_ref/${keyRef}`,
      sentence: `More than ${this.#most} principals called with one key (key_ref ${keyRef}) in a day; the further ones are counted together as "${OTHER}". A principal is a person or account, not a request.`,
    };
  }
}

function nameOf(record: PricedRecord): string {
  return `${record.dimension.key_ref}/${dayOf(record)}`;
}

function dayOf({ occurredAtMs }: PricedRecord): number {
  return Math.floor(occurredAtMs / DAY_MS) * DAY_MS;
}
