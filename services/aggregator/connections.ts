import { kafkaConnection } from '@bursar/bus/kafka-connection';
import type { KafkaSettings } from '@bursar/bus/kafka-settings';
import { type OnSocket, openPool, type Pool } from '@bursar/db/pool';
import { configured } from '@bursar/runtime/exit-error';
import type { MainConfig } from '@bursar/runtime/main';
import { OpenSockets } from '@bursar/runtime/open-sockets';
import type { Part } from '@bursar/runtime/service';
import type { options } from './config.ts';

export type Connections = {
  readonly kafka: KafkaSettings;
  readonly pool: Pool;
  /** For what opens a connection of its own. */
  readonly onSocket: OnSocket;
  /** They come before every part that uses the connections. */
  readonly parts: readonly Part[];
};

/** The ways to Kafka and Postgres. No stop waits longer than half of the drain timeout for one on which nobody answers. */
export function openConnections(config: MainConfig<typeof options>): Connections {
  const sockets = new OpenSockets();
  const onSocket = sockets.add;
  const kafka = { ...configured(() => kafkaConnection(config)), clientId: 'bursar-aggregator', onSocket };
  const database = { name: 'bursar aggregator', max: config.lanes + 4, onSocket };
  const pool = configured(() => openPool(config.databaseUrl, database));
  const parts = [sockets.part(config.drainTimeoutMs / 2), { name: 'postgres', stop: () => pool.end() }];
  return { kafka, pool, onSocket, parts };
}
