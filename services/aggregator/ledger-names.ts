import { type Dimension, dimensionName, ensureDimensions } from '@bursar/db/ledger/dimensions';
import { ensureKeyRefs, type KeySighting } from '@bursar/db/ledger/identities';
import type { Pool } from '@bursar/db/pool';
import type { UsageRecord } from './read-records.ts';

const REMEMBERED = 200_000;

/** The small integers of keys and dimensions, remembered; new ones are made in short transactions before the batch. */
export class LedgerNames {
  readonly #pool: Pool;
  readonly #keyRefs = new Map<string, number>();
  readonly #dimensionIds = new Map<string, number>();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Makes `keyRefOf` answer for every key of these records. True when a key was met for the first time by this process. */
  async learnKeys(usage: readonly UsageRecord[]): Promise<boolean> {
    const unknown = new Map<string, KeySighting>();
    for (const { event } of usage) {
      const { sha256, hint, id } = event.data.key;
      if (!this.#keyRefs.has(sha256)) unknown.set(sha256, { sha256, hint, declaredApiKeyId: id ?? null });
    }
    if (unknown.size === 0) return false;
    remember(this.#keyRefs, await ensureKeyRefs(this.#pool, [...unknown.values()]));
    return true;
  }

  keyRefOf(sha256: string): number {
    return known(this.#keyRefs.get(sha256), sha256);
  }

  async learnDimensions(dimensions: readonly Dimension[]): Promise<void> {
    const unknown = new Map<string, Dimension>();
    for (const dimension of dimensions) {
      const name = dimensionName(dimension);
      if (!this.#dimensionIds.has(name)) unknown.set(name, dimension);
    }
    if (unknown.size > 0) remember(this.#dimensionIds, await ensureDimensions(this.#pool, [...unknown.values()]));
  }

  dimensionIdOf(dimension: Dimension): number {
    const name = dimensionName(dimension);
    return known(this.#dimensionIds.get(name), name);
  }
}

function remember(map: Map<string, number>, more: ReadonlyMap<string, number>): void {
  if (map.size > REMEMBERED) map.clear();
  for (const [name, id] of more) map.set(name, id);
}

function known(id: number | undefined, name: string): number {
  if (id === undefined) throw new Error(`${name} has no number yet; learn it before the batch`);
  return id;
}
