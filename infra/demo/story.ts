import type { Pool } from '@bursar/db/pool';
import { newestHold, warnedAt } from '@bursar/db/report/hold-timeline';
import { ledgerCounts } from '@bursar/db/report/ledger-counts';
import { loadProgress } from '@bursar/db/report/progress';
import { formatUsd, parseUsd } from '@bursar/pricing/money';
import { eventually } from '../local/eventually.ts';
import { KEYS } from './company.ts';
import type { DemoService } from './demo-service.ts';
import type { Narrator } from './narrator.ts';
import type { KeyResult, StepResult } from './report.ts';

const STEP_TIMEOUT_MS = 90_000;
const LIVE_EVERY_MS = 250;

export type StoryOptions = {
  db: Pool;
  narrator: Narrator;
  services: Record<'auth' | 'search' | 'importer' | 'playground', DemoService>;
  /** Applies the policy with a higher budget for the search key. */
  raiseBudget(): Promise<void>;
};

export type StoryResult = { steps: StepResult[]; keys: KeyResult[]; emitted: number };

/** What happens at Acme, each step waited for in the ledger and at the API, never assumed. */
export class Story {
  readonly #options: StoryOptions;
  readonly #steps: StepResult[] = [];
  readonly #keys: KeyResult[] = [];

  constructor(options: StoryOptions) {
    this.#options = options;
  }

  async tell(): Promise<StoryResult> {
    const { auth, search, importer, playground } = this.#options.services;
    const stopLiveView = this.#showProgress();
    for (const service of [auth, search, importer]) service.start();
    await this.#step('traffic becomes rows', () => this.#firstRow());
    await this.#step('80 % of a budget warns', () => this.#warning());
    await this.#step('a budget is crossed', () => this.#disabled(KEYS.search, 'limit', search));
    playground.start();
    await this.#step('a development key runs away', () => this.#disabled(KEYS.playground, 'limit', playground));
    await this.#step('a rotation date is near', () => this.#rotationWarning());
    await this.#step('a rotation date has passed', () => this.#disabled(KEYS.importer, 'rotation', importer));
    await this.#step('the budget is raised', () => this.#comesBack(search));
    const emitted = await this.#stopTraffic();
    await this.#step('every event is accounted for', () => this.#accountFor(emitted));
    stopLiveView();
    return { steps: this.#steps, keys: this.#keys, emitted };
  }

  async #step(name: string, work: () => Promise<string>): Promise<void> {
    const { narrator } = this.#options;
    const startedAtMs = performance.now();
    const result = await work().then(
      (detail) => ({ ok: true, detail }),
      (error: Error) => ({ ok: false, detail: error.message }),
    );
    this.#steps.push({ name, ...result, ms: Math.round(performance.now() - startedAtMs) });
    narrator.tell(result.ok ? 'done' : 'failed', result.detail);
  }

  #showProgress(): () => void {
    const { db, narrator } = this.#options;
    const show = async () => {
      const { stored, spentUsd, keysOff } = await loadProgress(db);
      narrator.live(
        `          ${stored} requests metered · ${formatUsd(parseUsd(spentUsd), 2)} USD spent · ${keysOff} keys off`,
      );
    };
    const timer = setInterval(() => void show().catch(() => {}), LIVE_EVERY_MS);
    return () => {
      clearInterval(timer);
      narrator.live('');
    };
  }

  async #firstRow(): Promise<string> {
    const { db } = this.#options;
    const counts = await eventually('the first events are stored', async () => {
      const now = await ledgerCounts(db);
      return now.stored > 0 && now;
    });
    return `three services call the API through the official SDK; the first ${counts.stored} requests are rows in Postgres`;
  }

  async #warning(): Promise<string> {
    const { db } = this.#options;
    await eventually('80 % of the search budget', () => warnedAt(db, 'limit', 'search per month', 80), STEP_TIMEOUT_MS);
    return `${KEYS.search} has used 80 % of its monthly budget: its owner is warned`;
  }

  async #disabled(keyName: string, cause: 'limit' | 'rotation', service: DemoService): Promise<string> {
    const { db } = this.#options;
    const hold = await eventually(
      `${keyName} is inactive, read back`,
      async () => {
        const found = await newestHold(db, keyName, cause);
        return found?.requestedAt && found.verifiedAt ? found : undefined;
      },
      STEP_TIMEOUT_MS,
    );
    const verifiedAtMs = hold.verifiedAt!.getTime();
    await eventually(
      `the next call of ${service.name} is refused`,
      () => service.refusedAfter(verifiedAtMs) !== undefined,
    );
    const refusedAtMs = service.refusedAfter(verifiedAtMs)!;
    this.#keys.push({
      name: keyName,
      cause,
      crossedAt: hold.crossedAt.toISOString(),
      requestedAt: hold.requestedAt!.toISOString(),
      verifiedAt: hold.verifiedAt!.toISOString(),
      refusedAt: new Date(refusedAtMs).toISOString(),
    });
    const crossedAtMs = hold.crossedAt.getTime();
    const why = cause === 'rotation' ? 'is past its rotation date and grace' : `broke the limit "${hold.rule}"`;
    return (
      `${keyName} ${why}: asked Anthropic after ${hold.requestedAt!.getTime() - crossedAtMs} ms, ` +
      `inactive and read back after ${verifiedAtMs - crossedAtMs} ms; the service's next call got 401`
    );
  }

  async #rotationWarning(): Promise<string> {
    const { db } = this.#options;
    await eventually('a rotation reminder', () => warnedAt(db, 'rotation', 'rotation'), STEP_TIMEOUT_MS);
    return `${KEYS.importer} is due for rotation: its owner is reminded`;
  }

  async #comesBack(search: DemoService): Promise<string> {
    const { db, raiseBudget } = this.#options;
    const raisedAtMs = Date.now();
    await raiseBudget();
    const hold = await eventually(
      `${KEYS.search} is active again, read back`,
      async () => {
        const found = await newestHold(db, KEYS.search, 'limit');
        return found?.backVerifiedAt ? found : undefined;
      },
      STEP_TIMEOUT_MS,
    );
    const backAtMs = hold.backVerifiedAt!.getTime();
    await eventually('search is answered again', () => search.lastAnsweredAtMs > backAtMs, STEP_TIMEOUT_MS);
    return `its budget is raised: ${KEYS.search} is active again ${backAtMs - raisedAtMs} ms later, read back, and answers`;
  }

  async #stopTraffic(): Promise<number> {
    const services = Object.values(this.#options.services);
    await Promise.all(services.map((service) => service.stop()));
    return services.reduce((sum, service) => sum + service.meter.stats().recorded, 0);
  }

  async #accountFor(emitted: number): Promise<string> {
    const { db } = this.#options;
    const counts = await eventually(`all ${emitted} emitted events are in the ledger`, async () => {
      const now = await ledgerCounts(db);
      return now.stored + now.quarantined === emitted && now;
    });
    return `${emitted} events emitted = ${counts.stored} stored + ${counts.quarantined} quarantined`;
  }
}
