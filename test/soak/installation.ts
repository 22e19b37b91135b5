import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Emulator, startEmulator } from '@bursar/anthropic-emulator/emulator';
import { createTopics, type Watermarks, watermarks } from '@bursar/bus/admin';
import { priceBookActivation, submitPriceBook } from '@bursar/db/configuration/price-books';
import { openPool, type Pool } from '@bursar/db/pool';
import { topics } from '@bursar/events/topics';
import { priceBookHash } from '@bursar/pricing/price-book';
import { type PriceBookJson, readPriceBook } from '@bursar/pricing/price-book-json';
import { PolicyRefusedError, putInForce } from '../../infra/demo/policy.ts';
import { eventually } from '../../infra/local/eventually.ts';
import { REPOSITORY } from '../../infra/local/repository.ts';
import type { World } from './chaos/world.ts';
import { FIRST_KEYS, type KeyPlace, keyPlace, type SoakKey, soakKey, WORKSPACES } from './company.ts';
import { policyText, type SoakLimit } from './policy.ts';
import { type SoakServers, startServers } from './servers.ts';
import { createSupervisor, describe, type Supervisor } from './supervisor.ts';

/** The services' logs of the last soak, to be read after it. */
const LOGS = join(REPOSITORY, '.bursar', 'soak-logs');
const PREFIX = 'soak';
const AGGREGATORS = ['aggregator 1', 'aggregator 2', 'aggregator 3'];
const OTHERS = ['revoker 1', 'scheduler', 'revoker 2'];
const DRAIN_TIMEOUT_MS = 180_000;

/** A whole Bursar of the soak's own, with everything that its faults reach into. */
export type Installation = {
  readonly servers: SoakServers;
  readonly supervisor: Supervisor;
  readonly emulator: Emulator;
  readonly db: Pool;
  readonly topic: string;
  readonly keys: SoakKey[];
  readonly world: Omit<World, 'changePolicy' | 'changePrices' | 'makeKey'>;
  /** Puts limits in force, however long that takes. */
  apply(limits: readonly SoakLimit[]): Promise<void>;
  /** Puts a price book in force, however long that takes. Returns when that was. */
  applyPrices(book: PriceBookJson): Promise<Date>;
  makeKey(index: number): SoakKey;
  /** Waits until the ledger has read all that Kafka has; after three minutes says what is behind, and goes on. */
  caughtUp(): Promise<Watermarks[]>;
} & AsyncDisposable;

/** `newKeys`: how many keys will be made later; the policies name them from the beginning. */
export async function install(say: (line: string) => void, newKeys: number): Promise<Installation> {
  await using onFailure = new AsyncDisposableStack();
  const servers = onFailure.use(await startServers(say));
  const specs = topics(PREFIX);
  const kafka = { brokers: servers.kafka.brokers, clientId: 'bursar-soak' };
  await createTopics(kafka, Object.values(specs));
  const emulator = await startEmulator({ seed: organization() });
  onFailure.defer(() => emulator.close());
  const db = openPool(servers.postgres.url, { name: 'bursar soak', statementTimeoutMs: 120_000 });
  onFailure.defer(() => db.end());
  const supervisor = onFailure.use(
    createSupervisor(await emptyFolder(LOGS), ({ name, ending, lastWords }) => {
      say(`           ${name} ended by itself, ${describe(ending)}: ${lastWords}`);
    }),
  );
  await startServices(supervisor, servers, emulator);
  const places = [...FIRST_KEYS, ...Array.from({ length: newKeys }, (_, index) => placeOfNew(index))];
  const keys = FIRST_KEYS.map((place) => soakKey(emulator, place));
  const everything = onFailure.move();
  return {
    servers,
    supervisor,
    emulator,
    db,
    topic: specs.usage.name,
    keys,
    world: {
      servers,
      supervisor,
      db,
      topic: specs.usage.name,
      groupId: `${PREFIX}.aggregator`,
      aggregators: AGGREGATORS,
      others: OTHERS,
    },
    apply: (limits) => applied(db, policyText(limits, places)),
    applyPrices: (book) => pricesApplied(db, book),
    makeKey(index) {
      const place = placeOfNew(index);
      emulator.createApiKey({ name: place.name, workspace: place.workspace });
      const key = soakKey(emulator, place);
      keys.push(key);
      return key;
    },
    caughtUp: () => caughtUp(db, kafka, specs.usage.name, say),
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

function organization() {
  return {
    organization: { name: 'Acme' },
    workspaces: WORKSPACES.map((name) => ({ name })),
    apiKeys: FIRST_KEYS.map(({ name, workspace }) => ({ name, workspace })),
  };
}

async function emptyFolder(folder: string): Promise<string> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  return folder;
}

function placeOfNew(index: number): KeyPlace {
  return keyPlace(FIRST_KEYS.length + 1 + index);
}

async function startServices(supervisor: Supervisor, servers: SoakServers, emulator: Emulator): Promise<void> {
  const shared = {
    KAFKA_BROKERS: servers.kafka.brokers.join(','),
    BURSAR_TOPIC_PREFIX: PREFIX,
    LOG_LEVEL: 'warn',
    BURSAR_ADMIN_API: 'emulator',
    ANTHROPIC_BASE_URL: emulator.url,
    ANTHROPIC_ADMIN_KEY: emulator.adminKey,
    BURSAR_CRON_INVENTORY: '*/2 * * * * *',
    BURSAR_CRON_SWEEP: '*/15 * * * * *',
  };
  const proxied = { ...shared, DATABASE_URL: servers.postgres.proxiedUrl };
  const direct = { ...shared, DATABASE_URL: servers.postgres.url };
  await Promise.all(AGGREGATORS.map((name) => supervisor.run(name, 'services/aggregator/main.ts', proxied)));
  await Promise.all(OTHERS.map((name) => supervisor.run(name, `services/${name.split(' ')[0]}/main.ts`, direct)));
}

async function pricesApplied(db: Pool, bookJson: PriceBookJson): Promise<Date> {
  const reading = readPriceBook(bookJson);
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  const contentHash = priceBookHash(reading.book);
  for (;;) {
    try {
      const id = await submitPriceBook(db, { contentHash, bookJson, reason: 'soak' });
      const activation = await eventually(`price book ${id} is in force`, async () => {
        const told = await priceBookActivation(db, id);
        return told.state !== 'waiting' && told;
      });
      if (activation.state === 'active') return activation.at;
      throw new PolicyRefusedError(`price book ${id} was refused: ${activation.because}`);
    } catch (error) {
      if (error instanceof PolicyRefusedError) throw error;
      await sleep(1_000);
    }
  }
}

async function applied(db: Pool, text: string): Promise<void> {
  for (;;) {
    try {
      return await putInForce(db, text, 'soak.yaml', 'soak');
    } catch (error) {
      if (error instanceof PolicyRefusedError) throw error;
      // A server is away just now, or recovers: submit it again.
      await sleep(1_000);
    }
  }
}

async function caughtUp(
  db: Pool,
  kafka: { brokers: string[]; clientId: string },
  topic: string,
  say: (line: string) => void,
): Promise<Watermarks[]> {
  const marks = await eventually('Kafka tells where it ends', () => watermarks(kafka, topic), DRAIN_TIMEOUT_MS);
  const read = async () => {
    const { rows } = await db.query<{ partition: number; next: string }>(
      'select partition, next_offset as next from kafka_offset where topic = $1',
      [topic],
    );
    const next = new Map(rows.map((row) => [row.partition, BigInt(row.next)]));
    const behind = marks.filter(({ partition, high }) => high > 0n && next.get(partition) !== high);
    if (behind.length === 0) return true;
    throw new Error(
      behind.map(({ partition, high }) => `${partition} at ${next.get(partition)} of ${high}`).join(', '),
    );
  };
  await eventually('the ledger has read all partitions', read, DRAIN_TIMEOUT_MS).catch((error) => say(error.message));
  return marks;
}
