import Anthropic from '@anthropic-ai/sdk';
import { type Emulator, type EmulatorSeed, startEmulator } from '@bursar/anthropic-emulator/emulator';
import type { Pool } from '@bursar/db/pool';
import { createMeter, type Meter } from '@bursar/emitter';
import { putInForce } from '../../infra/demo/policy.ts';
import { eventually } from '../../infra/local/eventually.ts';
import { type ServiceProcess, startService } from '../../infra/local/service-process.ts';
import { aggregatorEnv } from './aggregator.ts';
import { freshDatabase } from './database.ts';
import { type FreshTopics, freshTopics } from './kafka.ts';
import { testPool } from './ledger.ts';

export type ServiceName = 'aggregator' | 'scheduler' | 'revoker';

/** A whole Bursar of a test's own: emulated organization, database, topics and every service as a process. */
export type Installation = {
  readonly db: Pool;
  readonly emulator: Emulator;
  readonly kafka: FreshTopics;
  readonly databaseUrl: string;
  readonly services: Map<ServiceName, ServiceProcess>;
  start(name: ServiceName, env?: Record<string, string>): Promise<ServiceProcess>;
  apply(policy: string): Promise<void>;
  /** A metered client with the key of that name. */
  client(
    keyName: string,
    meter: { service: string; role: string; signingSecretFile?: string },
  ): { anthropic: Anthropic; meter: Meter };
  /** Waits until the inventory knows the keys of the seed. */
  inventory(): Promise<void>;
  /** Makes one small call with the key and waits until what was metered is bound to the key of the inventory. */
  bind(keyName: string): Promise<void>;
  statusOf(keyName: string): string;
} & AsyncDisposable;

export const ONE_WORKSPACE_EACH = [{ name: 'Production' }, { name: 'Staging' }, { name: 'Development' }];

/** A migrated database to use instead of a fresh one, and a login for each service. */
export type GivenDatabase = { readonly url: string; readonly urlFor: (service: ServiceName) => string };

export async function install(
  name: string,
  apiKeys: EmulatorSeed['apiKeys'],
  env: Record<string, string> = {},
  given?: GivenDatabase,
): Promise<Installation> {
  const onExit = new AsyncDisposableStack();
  const database = given ?? onExit.use(await freshDatabase(name));
  const db = onExit.use(testPool(database.url));
  const kafka = await freshTopics();
  const emulator = await startEmulator({
    seed: { organization: { name: 'Acme' }, workspaces: ONE_WORKSPACE_EACH, apiKeys },
  });
  onExit.defer(() => emulator.close());
  const services = new Map<ServiceName, ServiceProcess>();
  const shared = {
    ...aggregatorEnv(database.url, kafka),
    BURSAR_ADMIN_API: 'emulator',
    ANTHROPIC_BASE_URL: emulator.url,
    ANTHROPIC_ADMIN_KEY: emulator.adminKey,
    BURSAR_CRON_INVENTORY: '* * * * * *',
    ...env,
  };
  const client: Installation['client'] = (keyName, identity) => {
    const meter = createMeter({ ...identity, kafka: { brokers: kafka.brokers }, topicPrefix: kafka.prefix });
    onExit.defer(() => meter.close(5_000));
    const apiKey = emulator.secretOf(keyName);
    const anthropic = new Anthropic({ apiKey, baseURL: emulator.url, maxRetries: 0, middleware: [meter.middleware] });
    return { meter, anthropic };
  };
  const start = async (service: ServiceName, more: Record<string, string> = {}) => {
    const own = given ? { DATABASE_URL: given.urlFor(service) } : {};
    const started = onExit.use(await startService(`services/${service}/main.ts`, { ...shared, ...own, ...more }));
    services.set(service, started);
    await started.ready(60_000);
    return started;
  };
  return {
    db,
    emulator,
    kafka,
    databaseUrl: database.url,
    services,
    start,
    apply: (policy) => putInForce(db, policy, 'test.yaml', 'test'),
    client,
    inventory: async () => {
      await eventually('the inventory knows every key', async () => {
        const { rows } = await db.query('select count(*)::int as known from api_key');
        return rows[0].known === apiKeys.length;
      });
    },
    bind: async (keyName) => {
      await call(client(keyName, { service: keyName, role: 'USER' }).anthropic, 1);
      await eventually(`${keyName} is bound`, async () => {
        const { rows } = await db.query('select 1 from key_binding join api_key using (api_key_id) where name = $1', [
          keyName,
        ]);
        return rows.length === 1;
      });
    },
    statusOf: (keyName) => emulator.apiKey(keyName).status,
    [Symbol.asyncDispose]: () => onExit.disposeAsync(),
  };
}

/** A call whose usage the emulator reports exactly as told. */
export function call(
  anthropic: Anthropic,
  inputTokens: number,
  model = 'claude-haiku-4-5',
): Promise<Anthropic.Message> {
  return anthropic.messages.create({
    model,
    max_tokens: 100,
    messages: [{ role: 'user', content: 'hello' }],
    metadata: { user_id: `emulator:input=${inputTokens},output=1` },
  });
}

/** A policy for keys named like their services, with the given limits and mode. */
export function policyText(options: {
  keys: readonly { name: string; environment?: string; protected?: boolean; rotate?: string; grace?: string }[];
  limits?: readonly string[];
  mode?: 'observe' | 'auto';
  caps?: string;
  /** Default: nobody signs, and that is accepted. */
  events?: string;
}): string {
  const entries = options.keys.map(({ name, environment = 'development', rotate = '90d', grace = '7d', ...key }) => {
    const isProtected = key.protected ? ', protected: true' : '';
    return `    - { name: ${name}, service: ${name}, owner: team@acme.example, environment: ${environment}, role: USER, rotate_every: ${rotate}, remind: [], grace: ${grace}${isProtected} }`;
  });
  return `organization: { name: Acme, timezone: Europe/Berlin }
roles: { USER: { models: ["*"] } }
environments: { production: [Production], staging: [Staging], development: [Development] }
keys:
  entries:
${entries.join('\n')}
events: ${options.events ?? '{ accept_unsigned: true }'}
limits: [${(options.limits ?? []).join(', ')}]
enforcement: { mode: ${options.mode ?? 'auto'}, caps: ${options.caps ?? '{ per_10_minutes: 50, per_hour: 50, per_day: 50 }'} }
`;
}
