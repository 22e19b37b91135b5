import { join } from 'node:path';
import { migrate } from '@bursar/db/migrate';
import { eventually } from '../../infra/local/eventually.ts';
import { waitForCoordinators } from '../../infra/local/kafka/coordinator-probe.ts';
import { startLocalKafka } from '../../infra/local/kafka/local-kafka.ts';
import { startKeeper } from '../../infra/local/keep.ts';
import { serverVersion } from '../../infra/local/postgres/client.ts';
import { startLocalPostgres } from '../../infra/local/postgres/local-postgres.ts';
import { REPOSITORY } from '../../infra/local/repository.ts';
import { createRunFolder, sweepRunFolders } from '../../infra/local/run-folder.ts';
import { type FaultProxy, startFaultProxy } from '../harness/fault-proxy.ts';

/** A Kafka and a durable PostgreSQL of the soak's own, each with a proxy before it, to be restarted on their data. */
export type SoakServers = {
  /** `brokers` leads through the proxy; the broker sends every client there. */
  readonly kafka: { readonly brokers: string[]; readonly proxy: FaultProxy; readonly version: string };
  readonly postgres: {
    /** Straight to the server. */
    readonly url: string;
    readonly proxiedUrl: string;
    readonly proxy: FaultProxy;
    readonly version: string;
  };
  /** Ends the broker with the signal and waits until the new one serves consumer groups. */
  restartKafka(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** As `pg_ctl -m immediate stop`, which sends SIGQUIT, and start: the server recovers from its log. */
  restartPostgres(): Promise<void>;
} & AsyncDisposable;

const RESTART_TIMEOUT_MS = 60_000;

export async function startServers(say: (line: string) => void): Promise<SoakServers> {
  const root = join(REPOSITORY, '.bursar');
  await sweepRunFolders(root);
  await using onFailure = new AsyncDisposableStack();
  const keeper = startKeeper(await createRunFolder(root));
  onFailure.defer(() => keeper.close());
  let broker = '';
  const kafkaProxy = onFailure.use(await startFaultProxy(() => broker));
  const kafka = await startLocalKafka({ root, keeper, say, advertised: kafkaProxy.address });
  broker = kafka.brokers;
  const postgres = await startLocalPostgres({ keeper, durable: true });
  const postgresProxy = onFailure.use(await startFaultProxy(() => new URL(postgres.url).host));
  await migrate(postgres.url);
  const proxiedUrl = new URL(postgres.url);
  proxiedUrl.host = postgresProxy.address;
  const everything = onFailure.move();
  return {
    kafka: { brokers: [kafkaProxy.address], proxy: kafkaProxy, version: kafka.version },
    postgres: { ...postgres, proxiedUrl: proxiedUrl.href, proxy: postgresProxy },
    async restartKafka(signal) {
      await keeper.restart('kafka', signal);
      await waitForCoordinators(broker, RESTART_TIMEOUT_MS);
    },
    async restartPostgres() {
      await keeper.restart('postgres', 'SIGQUIT');
      await eventually('PostgreSQL has recovered', () => serverVersion(postgres.url), RESTART_TIMEOUT_MS);
    },
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}
