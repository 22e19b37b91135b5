import {
  activatePolicy,
  nextSubmittedPolicy,
  refreshBindings,
  refusePolicy,
  type SubmittedPolicy,
} from '@bursar/db/configuration/activate';
import { loadActivePolicy } from '@bursar/db/configuration/active-policy';
import { ambiguousHints, boundWorkspaces, recordAmbiguousHints } from '@bursar/db/configuration/bindings';
import { ownedKeys } from '@bursar/db/configuration/key-owners';
import { loadConfiguration } from '@bursar/db/configuration/measures';
import type { Pool } from '@bursar/db/pool';
import type { Policy } from '@bursar/policy/policy';
import { PolicyJsonError, policyFromJson } from '@bursar/policy/policy-json';
import type { PriceIndex } from '@bursar/pricing/price-index';
import type { Log } from '@bursar/runtime/log';
import { type Counting, compileCounting } from './counting.ts';
import type { AggregatorMetrics } from './metrics.ts';
import { PriceBooks } from './price-books.ts';
import { rulesOf } from './rules.ts';
import { type KeyOwners, NO_OWNERS, ownersOf } from './speakers/key-owners.ts';
import { type Signing, signingUnder } from './speakers/signing.ts';

/** What batches are prepared with. Replaced as a whole, never changed. */
export type InUse = {
  epoch: bigint;
  policyVersionId: number | undefined;
  policy: Policy | undefined;
  prices: PriceIndex;
  counting: Counting;
  signing: Signing;
  owners: KeyOwners;
  workspaceOf(keyRef: number): string | undefined;
};

/** Activates what was submitted, takes in what the inventory learnt, and keeps the configuration in use up to date. */
export class ConfigurationKeeper {
  readonly #pool: Pool;
  readonly #log: Log;
  readonly #metrics: AggregatorMetrics;
  readonly #priceBooks: PriceBooks;
  #inUse: InUse | undefined;
  #ambiguousHints: string | undefined;

  constructor(pool: Pool, log: Log, metrics: AggregatorMetrics) {
    this.#pool = pool;
    this.#log = log;
    this.#metrics = metrics;
    this.#priceBooks = new PriceBooks(pool, log);
  }

  /** The configuration in use; `reload` must have succeeded once. */
  get inUse(): InUse {
    if (this.#inUse === undefined) throw new Error('the configuration was used before it was loaded');
    return this.#inUse;
  }

  /** One round: every price book and policy that waits, then bindings, then what is in use. */
  async keep(): Promise<void> {
    await this.#priceBooks.keep();
    for (;;) {
      const submitted = await nextSubmittedPolicy(this.#pool);
      if (submitted === undefined) break;
      await this.#activate(submitted);
    }
    await refreshBindings(this.#pool);
    await this.#tellAmbiguousHints();
    await this.reload();
    // A key that the inventory has just listed has an owner before it is bound.
    const { epoch, signing } = this.inUse;
    const owners = await this.#owners(signing);
    if (this.inUse.epoch === epoch) this.#inUse = { ...this.inUse, owners };
  }

  /** Reads the configuration if its epoch has moved. */
  async reload(): Promise<void> {
    const configuration = await loadConfiguration(this.#pool);
    if (configuration.epoch === this.#inUse?.epoch) return;
    const workspaces = await boundWorkspaces(this.#pool);
    const active = await loadActivePolicy(this.#pool);
    const policy = active && policyFromJson(active.policyJson);
    const signing = signingUnder(policy);
    const { priceBookId, index } = await this.#priceBooks.read(configuration.priceBookId);
    this.#inUse = {
      epoch: configuration.epoch,
      policyVersionId: configuration.policyVersionId,
      policy,
      prices: index,
      counting: compileCounting(configuration),
      signing,
      owners: await this.#owners(signing),
      workspaceOf: (keyRef) => workspaces.get(keyRef),
    };
    const { epoch, policyVersionId, measures } = configuration;
    this.#metrics.epoch.set(Number(epoch));
    this.#log.info(
      { epoch: String(epoch), policyVersionId, priceBookId, measures: measures.length },
      'configuration in use',
    );
  }

  async #owners(signing: Signing): Promise<KeyOwners> {
    return signing.isAsked ? ownersOf(await ownedKeys(this.#pool)) : NO_OWNERS;
  }

  /** Writes only when something has changed: this looks each second. */
  async #tellAmbiguousHints(): Promise<void> {
    const hints = await ambiguousHints(this.#pool);
    const told = hints.join(' ');
    if (told === this.#ambiguousHints) return;
    await recordAmbiguousHints(this.#pool, hints);
    this.#ambiguousHints = told;
  }

  async #activate({ versionId, policyJson }: SubmittedPolicy): Promise<void> {
    try {
      const activated = await activatePolicy(this.#pool, versionId, rulesOf(policyFromJson(policyJson)));
      if (activated) this.#log.info({ policyVersionId: versionId }, `policy version ${versionId} is in force`);
    } catch (error) {
      if (!(error instanceof PolicyJsonError)) throw error;
      await refusePolicy(this.#pool, versionId, error.message);
      this.#log.error(
        { policyVersionId: versionId },
        `policy version ${versionId} can't be activated: ${error.message}`,
      );
    }
  }
}
