import { randomBytes } from 'node:crypto';

/**
 * The broker's settings: one node that is broker and controller, on loopback, made for a laptop. Shared by the local
 * broker (as `server.properties`) and the container (as `KAFKA_…` variables).
 */
export function serverSettings(): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    // A topic exists because somebody made it with the partitions it needs, never because of a spelling mistake.
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    // The default of 128 MiB is a quarter of our heap.
    'log.cleaner.dedupe.buffer.size': '33554432',
  };
}

/** Settings as the text of a Java properties file. */
export function asProperties(settings: Record<string, string>): string {
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}`);
  return `${lines.join('\n')}\n`;
}

/** Settings as the environment of the official image: `auto.create.topics.enable` → `KAFKA_AUTO_CREATE_TOPICS_ENABLE`. */
export function asContainerEnvironment(settings: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [`KAFKA_${name.toUpperCase().replaceAll('.', '_')}`, value]),
  );
}

/** The version that a broker writes into its log once it runs; undefined before. */
export function versionInLog(log: string): string | undefined {
  return log.includes('Kafka Server started') ? /Kafka version: (\S+)/.exec(log)?.[1] : undefined;
}

/** An id as Kafka makes them: 16 random bytes in URL-safe base64. Never one that an option parser takes for a flag. */
export function newClusterId(): string {
  const id = randomBytes(16).toString('base64url');
  return id.startsWith('-') ? newClusterId() : id;
}
