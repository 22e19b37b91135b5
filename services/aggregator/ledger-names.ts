import { type Dimension, dimensionName, ensureDimensions } from '@bursar/db/ledger/dimensions';
import { ensureKeyRefs, type KeySighting } from '@bursar/db/ledger/identities';
import type { Pool } from '@bursar/db/pool';
import type { UsageRecord } from './read-records.ts';

const REMEMBERED = 200_000;

export type KeyRefs = {
  /** By the SHA-256 of the key, for every key that was asked for. */
  readonly refs: ReadonlyMap<string, number>;
  /** A key was met for the first time by this process. */
  readonly metNew: boolean;
};

/** The small integers of keys and dimensions, remembered; new ones are made in short transactions before the batch. */
export class LedgerNames {
  readonly #pool: Pool;
  readonly #keyRefs: Memory;
  readonly #dimensionIds: Memory;

  constructor(pool: Pool, remembered = REMEMBERED) {
    this.#pool = pool;
    this.#keyRefs = new Memory(remembered);
    this.#dimensionIds = new Memory(remembered);
  }

  async keyRefs(usage: readonly UsageRecord[]): Promise<KeyRefs> {
    const wanted = new Map<string, KeySighting>();
    for (const { event } of usage) {
      const { sha256, hint, id } = event.data.key;
      if (!wanted.has(sha256)) wanted.set(sha256, { sha256, hint, declaredApiKeyId: id ?? null });
    }
    const { found, made } = await this.#keyRefs.resolve(wanted, (unknown) => ensureKeyRefs(this.#pool, unknown));
    return { refs: found, metNew: made > 0 };
  }

  /** The id of each dimension, in the same order. */
  async dimensionIds(dimensions: readonly Dimension[]): Promise<number[]> {
    const names = dimensions.map(dimensionName);
    const wanted = new Map(names.map((name, index) => [name, dimensions[index]!]));
    const { found } = await this.#dimensionIds.resolve(wanted, (unknown) => ensureDimensions(this.#pool, unknown));
    return names.map((name) => found.get(name)!);
  }
}

/** Numbers by name, forgotten all at once when they are too many. What one batch has found stays with that batch. */
class Memory {
  readonly #most: number;
  readonly #numbers = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  async resolve<T>(
    wanted: ReadonlyMap<string, T>,
    ensure: (unknown: T[]) => Promise<ReadonlyMap<string, number>>,
  ): Promise<{ found: Map<string, number>; made: number }> {
    const found = new Map<string, number>();
    const unknown: T[] = [];
    for (const [name, what] of wanted) {
      const known = this.#numbers.get(name);
      if (known === undefined) unknown.push(what);
      else found.set(name, known);
    }
    if (unknown.length === 0) return { found, made: 0 };
    const made = await ensure(unknown);
    if (this.#numbers.size + made.size > this.#most) this.#numbers.clear();
    for (const [name, number] of made) {
      this.#numbers.set(name, number);
      found.set(name, number);
    }
    return { found, made: made.size };
  }
}
