import { type ContainerEngine, findContainerEngine } from './container-engine.ts';
import { startKafkaContainer } from './kafka/container.ts';
import { startLocalKafka } from './kafka/local-kafka.ts';
import { checkBrokersAnswer } from './kafka/probe.ts';
import { type Keeper, startKeeper } from './keep.ts';
import { serverVersion } from './postgres/client.ts';
import { startPostgresContainer } from './postgres/container.ts';
import { startLocalPostgres } from './postgres/local-postgres.ts';
import { createRunFolder, sweepRunFolders } from './run-folder.ts';

type How = 'given' | 'testcontainers' | 'local';
export type Stack = {
  readonly kafka: { readonly brokers: string; readonly version: string; readonly how: How };
  readonly postgres: { readonly url: string; readonly version: string; readonly how: How };
  /** Ends what was started; servers that were given stay as they are. */
  close(): Promise<void>;
};

export type StackOptions = {
  /** An ignored folder that may keep caches and data, e.g. `<repo>/.bursar`. */
  readonly root: string;
  readonly say: (line: string) => void;
  readonly given?: { readonly kafkaBrokers?: string; readonly databaseUrl?: string };
  readonly docker?: 'auto' | 'never';
  /** `false` lets a PostgreSQL that we start answer before a commit is on disk. Default: true. */
  readonly durable?: boolean;
};

type Means = { engine: ContainerEngine | undefined; keeper: () => Promise<Keeper> };

/**
 * Brings up a real Kafka and a real PostgreSQL: the given ones, else containers, else programs on this machine.
 * Both are ready for use when it returns. Throws one error that says what to install or to set when there is no way.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { root, say, given = {}, docker = 'auto' } = options;
  const swept = await sweepRunFolders(root);
  if (swept > 0) say(`cleaned up after ${swept} earlier run(s) that did not end properly`);

  const needsServers = !given.kafkaBrokers || !given.databaseUrl;
  const engine = needsServers && docker === 'auto' ? await findContainerEngine() : undefined;
  let kept: Promise<Keeper> | undefined;
  const means: Means = { engine, keeper: () => (kept ??= createRunFolder(root).then(startKeeper)) };
  const close = async () => {
    await Promise.all([engine?.close(), kept?.then((keeper) => keeper.close())]);
  };

  const [kafka, postgres] = await Promise.allSettled([startKafka(options, means), startPostgres(options, means)]);
  if (kafka.status === 'fulfilled' && postgres.status === 'fulfilled') {
    return { kafka: kafka.value, postgres: postgres.value, close };
  }
  await close();
  const reasons = [kafka, postgres].flatMap((result) =>
    result.status === 'rejected' ? [String(result.reason.message)] : [],
  );
  throw new Error(reasons.join('\n'));
}

async function startKafka({ root, say, given }: StackOptions, { engine, keeper }: Means): Promise<Stack['kafka']> {
  if (given?.kafkaBrokers) {
    await checkBrokersAnswer(given.kafkaBrokers);
    return { brokers: given.kafkaBrokers, version: 'unknown', how: 'given' };
  }
  const contained = engine && (await orElse(startKafkaContainer(engine), 'apache/kafka', say));
  if (contained) return { ...contained, how: 'testcontainers' };
  return { ...(await startLocalKafka({ root, keeper: await keeper(), say })), how: 'local' };
}

async function startPostgres(
  { say, given, durable = true }: StackOptions,
  { engine, keeper }: Means,
): Promise<Stack['postgres']> {
  if (given?.databaseUrl) {
    const version = await serverVersion(given.databaseUrl).catch((error: Error) => {
      throw new Error(
        `the PostgreSQL of DATABASE_URL does not answer (${error.message}). Start it, or unset DATABASE_URL.`,
      );
    });
    return { url: given.databaseUrl, version, how: 'given' };
  }
  const contained = engine && (await orElse(startPostgresContainer(engine, durable), 'postgres', say));
  if (contained) return { ...contained, how: 'testcontainers' };
  return { ...(await startLocalPostgres({ keeper: await keeper(), durable })), how: 'local' };
}

// An engine that answers may still have no way to the image; what this machine has of its own may do.
async function orElse<T>(container: Promise<T>, image: string, say: (line: string) => void): Promise<T | undefined> {
  return await container.catch((error: Error) => {
    say(`Docker answers but cannot run ${image} (${error.message.trim()}); trying without it`);
    return undefined;
  });
}
