import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { openAdminClient } from '@bursar/admin-api/client';
import { adminCredential } from '@bursar/admin-api/credential';
import { type AdminCall, type Emulator, startEmulator } from '@bursar/anthropic-emulator/emulator';
import type { RecordOut } from '@bursar/bus/producer';
import { openPool, type Pool } from '@bursar/db/pool';
import { type KeyEntry, type Limit, makeMeasure, type Policy } from '@bursar/policy/policy';
import { policyContentHash, policyToJson } from '@bursar/policy/policy-json';
import { createLog } from '@bursar/runtime/log';
import { createRegistry } from '@bursar/runtime/metrics';
import { freshDatabase } from '../../test/harness/database.ts';
import { createRevokerMetrics } from './metrics.ts';
import { createRevoker, type Revoker, type RevokerParts } from './revoker.ts';

const PICO_PER_USD = 1_000_000_000_000n;
const DAY_MS = 86_400_000;

export type Row = Record<string, unknown>;
export type TestLimit = {
  name: string;
  key: string;
  usd: number;
  onBreach?: Limit['onBreach'];
  resume?: Limit['resume'];
};
export type PolicyChange = {
  mode?: 'observe' | 'auto';
  limits?: TestLimit[];
  caps?: Partial<Policy['enforcement']['caps']>;
  entries?: (Partial<KeyEntry> & { name: string })[];
};
/** What the ledger says about one key of the world. */
export type Usage = {
  limit: string;
  usd: number;
  provisionalUsd?: number;
  kind?: 'warning' | 'provisional' | 'limit';
  percent?: number;
};

/**
 * A company with real parts: a database of its own, an emulated Anthropic with the named keys, and revokers on both.
 * The ledger's side (policy activation, windows, breaches, inventory) is written here as the aggregator and the scheduler do.
 */
export class World implements AsyncDisposable {
  readonly pool: Pool;
  readonly databaseUrl: string;
  readonly emulator: Emulator;
  readonly sent: RecordOut[] = [];
  readonly signing = generateKeyPairSync('ed25519');
  kafkaIsAway = false;
  #policy: PolicyChange = {};
  #version = 0;
  readonly #closers: (() => Promise<unknown>)[] = [];

  private constructor(pool: Pool, databaseUrl: string, emulator: Emulator) {
    this.pool = pool;
    this.databaseUrl = databaseUrl;
    this.emulator = emulator;
  }

  static async create(name: string, keyNames: readonly string[]): Promise<World> {
    const database = await freshDatabase(name);
    const emulator = await startEmulator({
      seed: {
        organization: { name: 'Acme' },
        workspaces: [{ name: 'Production' }],
        apiKeys: keyNames.map((key) => ({ name: key, workspace: 'Production' })),
      },
    });
    const pool = openPool(database.url, { name: 'revoker test', max: 4 });
    const world = new World(pool, database.url, emulator);
    world.#closers.push(
      () => pool.end(),
      () => emulator.close(),
      async () => database[Symbol.asyncDispose](),
    );
    for (const key of keyNames) await world.inventory(key);
    return world;
  }

  /** What the scheduler writes about a key, and its binding. */
  async inventory(name: string, basis: 'configured' | 'unique_hint' | 'person' = 'configured'): Promise<void> {
    const { id, status, created_at } = this.emulator.apiKey(name);
    await this.pool.query(
      `insert into api_key (api_key_id, name, status, created_at) values ($1, $2, $3, $4)
       on conflict (api_key_id) do update set status = excluded.status, last_seen_at = clock_timestamp()`,
      [id, name, status, created_at],
    );
    const sha256 = createHash('sha256').update(this.emulator.secretOf(name)).digest();
    await this.pool.query('insert into key_identity (sha256, hint) values ($1, $2) on conflict do nothing', [
      sha256,
      name,
    ]);
    await this.pool.query(
      `insert into key_binding (key_ref, api_key_id, basis)
       select key_ref, $2, $3 from key_identity where sha256 = $1
       on conflict (key_ref) where unbound_at is null do update set basis = excluded.basis`,
      [sha256, id, basis],
    );
  }

  /** Activates the policy with a change, as the aggregator does: in one step, with limits of a new generation. */
  async policy(change: PolicyChange): Promise<number> {
    this.#policy = { ...this.#policy, ...change };
    const policy = policyOf(this.#policy);
    const version = ++this.#version;
    await this.pool.query(
      `insert into policy_version (content_hash, source, policy, reason, activated_at) values ($1, '', $2, 'test', now())`,
      [policyContentHash(policy), JSON.stringify(policyToJson(policy))],
    );
    for (const limit of policy.limits) await this.#activateLimit(limit, version);
    await this.pool.query('update configuration_epoch set epoch = epoch + 1, policy_version_id = $1', [version]);
    return version;
  }

  async #activateLimit(limit: Limit, version: number): Promise<void> {
    const keyName = limit.measure.select.key ?? '';
    const { rows } = await this.pool.query<{ measure_id: number }>(
      `insert into measure (definition, select_kind, select_name, each_kind, metric, period, timezone, resolved, counted_from)
       values ($1, 'key', $2, 'together', 'cost', $3, 'UTC', array[$4], now())
       on conflict (definition) do update set resolved = excluded.resolved returning measure_id`,
      [limit.measure.id, keyName, limit.measure.period, String(await this.keyRef(keyName))],
    );
    const resume = limit.resume;
    await this.pool.query(
      `insert into limit_rule (policy_version_id, name, generation, measure_id, amount, on_breach, resume_kind, resume_after)
       values ($1, $2, $1, $3, $4, $5, $6, $7 * interval '1 ms')`,
      [
        ...[version, limit.name, rows[0]!.measure_id, usd(limit.amount), limit.onBreach, resume.kind],
        resume.kind === 'after' ? resume.ms : null,
      ],
    );
  }

  /** Writes a window's sum and the breach that it proves, and announces it, as the write path does. Returns the breach. */
  async spend({ limit, usd: total, provisionalUsd = 0, kind = 'limit', percent = 100 }: Usage): Promise<string> {
    const { rows } = await this.pool.query<{ breach_id: string }>(
      `with sum as (
         insert into limit_window (measure_id, subject, window_start, window_end, total, provisional)
         select measure_id, '', date_trunc('month', now()), date_trunc('month', now()) + interval '1 month', $2, $3
           from limit_rule where policy_version_id = $6 and name = $1
         on conflict (measure_id, subject, window_start) do update set total = excluded.total, provisional = excluded.provisional
         returning *)
       insert into breach (cause, rule, generation, policy_version_id, measure_id, subject, window_start, window_end, kind,
                           percent, amount, total, provisional, source)
       select 'limit', r.name, r.generation, r.policy_version_id, r.measure_id, '', s.window_start, s.window_end, $4, $5::integer,
              r.amount * $5::integer / 100, s.total, s.provisional, 'write_path'
         from limit_rule r join sum s using (measure_id)
        where r.policy_version_id = $6 and r.name = $1
       returning breach_id`,
      [limit, total, provisionalUsd, kind, percent, this.#version],
    );
    await this.pool.query(`select pg_notify('bursar_breach', '')`);
    return rows[0]!.breach_id;
  }

  /** One request of a key, as the cubes hold it. */
  async used(name: string, service: string): Promise<void> {
    const keyRef = await this.keyRef(name);
    await this.pool.query(
      `insert into dimension (key_ref, role, workspace_id, service, principal, model, price_row, usage_basis)
       values ($1, 'USER', 'w', $2, '', 'm', 'p', 'reported') on conflict do nothing`,
      [keyRef, service],
    );
    await this.pool.query('create table if not exists usage_minute_all partition of usage_minute default');
    for (const cube of ['usage_minute', 'usage_quarter_hour']) {
      await this.pool.query(
        `insert into ${cube}
         select date_trunc('minute', now()), dimension_id, 1, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0 from dimension
          where key_ref = $1 and service = $2`,
        [keyRef, service],
      );
    }
  }

  /** A revoker on this world, whose loops are turned by hand. */
  revoker(change: Partial<RevokerParts> = {}): Revoker {
    const pool = openPool(this.databaseUrl, { name: 'revoker under test', max: 12 });
    this.#closers.unshift(() => pool.end());
    const credential = adminCredential({ value: this.emulator.adminKey });
    return createRevoker({
      pool,
      client: openAdminClient({ credential, baseURL: this.emulator.url }),
      producer: { send: async (_topic, records) => this.#send(records) },
      standingTopic: 'bursar.standing.v1',
      privateKey: this.signing.privateKey,
      adminApi: 'emulator',
      localPause: () => undefined,
      observeEveryMs: 60_000,
      metrics: createRevokerMetrics(createRegistry(`test-${randomBytes(4).toString('hex')}`)),
      log: createLog({ service: 'revoker', level: 'silent' }),
      random: () => 0,
      ...change,
    });
  }

  async #send(records: readonly RecordOut[]): Promise<void> {
    if (this.kafkaIsAway) throw new Error('no broker answers');
    this.sent.push(...records);
  }

  /** A person's command, as the command line writes it. */
  async command(kind: 'pause' | 'unpause', args: Row = {}): Promise<void> {
    await this.pool.query('insert into command (kind, arguments, reason) values ($1, $2, $3)', [
      kind,
      args,
      `${kind} for a test`,
    ]);
  }

  async keyRef(name: string): Promise<number> {
    const rows = await this.rows(
      'select key_ref from key_binding where api_key_id = $1 and unbound_at is null',
      this.id(name),
    );
    return rows[0]!.key_ref as number;
  }

  id(name: string): string {
    return this.emulator.apiKey(name).id;
  }

  status(name: string): string {
    return this.emulator.apiKey(name).status;
  }

  /** The calls that asked for a change of a key, oldest first. */
  updates(name?: string): AdminCall[] {
    const asked = this.emulator.adminLog().filter((call) => call.method === 'POST');
    return name === undefined ? asked : asked.filter((call) => call.path.endsWith(this.id(name)));
  }

  /** Changes a key by hand, as a person does in the Console. */
  async inConsole(name: string, change: Row): Promise<void> {
    const answer = await fetch(`${this.emulator.url}/_emulator/api_keys/${this.id(name)}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(change),
    });
    if (!answer.ok) throw new Error(await answer.text());
  }

  async rows(sql: string, ...values: unknown[]): Promise<Row[]> {
    return (await this.pool.query<Row>(sql, values)).rows;
  }

  async holds(name?: string): Promise<Row[]> {
    if (name === undefined) return this.rows('select * from hold order by hold_id');
    return this.rows('select * from hold where api_key_id = $1 order by hold_id', this.id(name));
  }

  async states(name?: string): Promise<unknown[]> {
    return (await this.holds(name)).map((hold) => hold.state);
  }

  async messages(kind: string): Promise<Row[]> {
    return this.rows('select * from outbox where kind = $1 order by outbox_id', kind);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closers) await close();
  }
}

/** Turns the loops until nothing is under way: consume, act, and act again for what became possible. */
export async function turn(...revokers: Revoker[]): Promise<void> {
  for (const revoker of revokers) await revoker.consume.tickNow();
  await Promise.all(revokers.map((revoker) => revoker.act.tickNow()));
  for (const revoker of revokers) await revoker.act.settled();
}

/** As turn, after what can be released was released. */
export async function releaseTurn(revoker: Revoker): Promise<void> {
  await revoker.release.tickNow();
  await turn(revoker);
}

function policyOf({ mode = 'auto', limits = [], caps = {}, entries = [] }: PolicyChange): Policy {
  const rotation = { rotateEveryMs: 90 * DAY_MS, remindMs: [], graceMs: 7 * DAY_MS };
  const defaults = {
    service: 'search',
    owner: 'o',
    environment: 'production',
    role: 'USER',
    protected: false,
    ...rotation,
  };
  return {
    organization: { name: 'Acme', timezone: 'UTC' },
    families: {},
    roles: { USER: { name: 'USER', allowed: true, models: ['*'] } },
    environments: { production: ['Production'] },
    keys: entries.map((entry) => ({ ...defaults, ...entry })),
    events: { requireSignature: [], acceptUnsigned: true },
    limits: limits.map((limit) => ({
      name: limit.name,
      measure: makeMeasure({
        select: { key: limit.key },
        each: 'together',
        metric: 'cost',
        period: 'month',
        timezone: 'UTC',
      }),
      amount: BigInt(limit.usd) * PICO_PER_USD,
      warnAtPercent: [80],
      onBreach: limit.onBreach ?? 'suspend',
      resume: limit.resume ?? { kind: 'next_period' },
      afterMs: 0,
    })),
    enforcement: { mode, caps: { per10Minutes: 50, perHour: 50, perDay: { count: 50 }, ...caps } },
  };
}

function usd(pico: bigint): string {
  return (pico / PICO_PER_USD).toString();
}
