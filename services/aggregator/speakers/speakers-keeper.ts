import { type Finding, insertFinding, resolveFindings } from '@bursar/db/inbox/finding';
import type { Pool } from '@bursar/db/pool';
import type { ConfigurationKeeper, InUse } from '../configuration-keeper.ts';
import type { AggregatorMetrics } from '../metrics.ts';
import { refusalFinding, secretFindings } from './findings.ts';
import { judgeSpeaker, type MayCount, type RefusalReason, type SpeakerRules } from './judge-speaker.ts';
import { readSecretFolder, type Secrets } from './secret-folder.ts';

/** Services name themselves in hostile records: more than this between two rounds are not worth a row each. */
const MOST_REFUSALS_TOLD = 200;

export type SpeakersOptions = {
  pool: Pool;
  /** A folder with a file of secrets per service. */
  folder: string | undefined;
  configuration: ConfigurationKeeper;
  metrics: AggregatorMetrics;
};

/** Keeps the secrets by which it is judged who speaks, and tells people what is wrong with them or was refused. */
export class SpeakersKeeper {
  readonly #options: SpeakersOptions;
  #secrets: Secrets = new Map();
  #told: string | undefined;
  readonly #refused = new Map<string, Finding>();

  constructor(options: SpeakersOptions) {
    this.#options = options;
  }

  /** One round: secrets, then findings. Rejects when the folder or Postgres can't be read; what was read before stays. */
  async keep(): Promise<void> {
    const { folder, configuration } = this.#options;
    const { signing } = configuration.inUse;
    const reading =
      folder === undefined
        ? { secrets: new Map(), problems: new Map<string, string>() }
        : await readSecretFolder(folder, this.#secrets);
    this.#secrets = reading.secrets;
    await this.#tellSecrets(secretFindings(signing.services, reading.secrets, reading.problems, folder));
    await this.#tellRefusals();
  }

  /** Undefined when nobody has to sign and nobody can: then records are not looked at. */
  judgeUnder({ signing, owners }: InUse): MayCount | undefined {
    if (!signing.isAsked && this.#secrets.size === 0) return undefined;
    const { metrics } = this.#options;
    const rules: SpeakerRules = {
      mustSign: signing.mustSign,
      signing: signing.services,
      secrets: this.#secrets,
      owners,
      onChecked: (service, result) => metrics.signatures.inc({ speaker: service, result }),
    };
    return (record, event) => {
      const refusal = judgeSpeaker(rules, record, event);
      if (refusal) this.#remember(event.data.service, refusal.reason);
      return refusal;
    };
  }

  #remember(service: string, reason: RefusalReason): void {
    const name = `${service}/${reason}`;
    if (this.#refused.has(name) || this.#refused.size >= MOST_REFUSALS_TOLD) return;
    this.#refused.set(name, refusalFinding(service, reason));
  }

  /** Writes only when something has changed: this looks every few seconds. */
  async #tellSecrets(findings: readonly Finding[]): Promise<void> {
    const told = JSON.stringify(findings);
    if (told === this.#told) return;
    const { pool } = this.#options;
    for (const finding of findings) await insertFinding(pool, finding);
    await resolveFindings(
      pool,
      'signing_secret',
      findings.map(({ subject }) => subject),
    );
    this.#told = told;
  }

  async #tellRefusals(): Promise<void> {
    for (const [name, finding] of [...this.#refused]) {
      await insertFinding(this.#options.pool, finding);
      this.#refused.delete(name);
    }
  }
}
