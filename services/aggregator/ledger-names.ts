import { type Dimension, dimensionName, ensureDimensions } from '@bursar/db/ledger/dimensions';
import { bootName, type EmitterBoot, ensureEmitterBoots } from '@bursar/db/ledger/emitter-boots';
import { claimName, ensureKeyRefs, type KeySighting } from '@bursar/db/ledger/identities';
import type { Pool } from '@bursar/db/pool';
import type { UsageRecord } from './read-records.ts';

const REMEMBERED = 200_000;

/** Under whose name the keys of a service are kept, and which policy version says so. */
export type Vouching = { policyVersionId: number | undefined; voucherOf(service: string): string };

export type KeyRefs = {
  /** By the name of the claim (`claimName`), for every key that was asked for. */
  readonly refs: ReadonlyMap<string, number>;
  /** A key was met for the first time by this process. */
  readonly metNew: boolean;
};

/** The small integers of keys, dimensions and boots, remembered; new ones are made in short transactions before the batch. */
export class LedgerNames {
  readonly #pool: Pool;
  /** Another policy version may give a key to another service. */
  #keyRefs: { policyVersionId: number | undefined; memory: Memory };
  readonly #remembered: number;
  readonly #dimensionIds: Memory;
  readonly #bootIds: Memory;

  constructor(pool: Pool, remembered = REMEMBERED) {
    this.#pool = pool;
    this.#remembered = remembered;
    this.#keyRefs = { policyVersionId: undefined, memory: new Memory(remembered) };
    this.#dimensionIds = new Memory(remembered);
    this.#bootIds = new Memory(remembered);
  }

  async keyRefs(usage: readonly UsageRecord[], { policyVersionId, voucherOf }: Vouching): Promise<KeyRefs> {
    if (this.#keyRefs.policyVersionId !== policyVersionId) {
      this.#keyRefs = { policyVersionId, memory: new Memory(this.#remembered) };
    }
    const wanted = new Map<string, KeySighting>();
    for (const { event } of usage) {
      const { sha256, hint, id } = event.data.key;
      const vouchedBy = voucherOf(event.data.service);
      const name = claimName({ sha256, vouchedBy });
      if (!wanted.has(name)) wanted.set(name, { sha256, vouchedBy, hint, declaredApiKeyId: id ?? null });
    }
    const ensure = (unknown: KeySighting[]) => ensureKeyRefs(this.#pool, unknown);
    const { found, made } = await this.#keyRefs.memory.resolve(wanted, ensure);
    return { refs: found, metNew: made > 0 };
  }

  /** The id of each dimension, in the same order. */
  async dimensionIds(dimensions: readonly Dimension[]): Promise<number[]> {
    const names = dimensions.map(dimensionName);
    const wanted = new Map(names.map((name, index) => [name, dimensions[index]!]));
    const { found } = await this.#dimensionIds.resolve(wanted, (unknown) => ensureDimensions(this.#pool, unknown));
    return names.map((name) => found.get(name)!);
  }

  /** The id of the boot that each record is of, in the same order. */
  async bootIds(usage: readonly Pick<UsageRecord, 'event'>[]): Promise<number[]> {
    const wanted = new Map<string, EmitterBoot>();
    const names = usage.map(({ event }) => {
      const { id: emitterId, boot } = event.data.emitter;
      const one = { emitterId, boot: boot.toLowerCase() };
      const name = bootName(one);
      wanted.set(name, one);
      return name;
    });
    const { found } = await this.#bootIds.resolve(wanted, (unknown) => ensureEmitterBoots(this.#pool, unknown));
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
