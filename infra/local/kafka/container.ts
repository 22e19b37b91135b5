import type { StartedTestContainer } from 'testcontainers';
import type { ContainerEngine } from '../container-engine.ts';
import { waitForCoordinators } from './coordinator-probe.ts';
import { asContainerEnvironment, newClusterId, serverSettings, versionInLog } from './server-properties.ts';

const IMAGE = 'apache/kafka:4.3.1';
// The broker has to advertise the published port, and that is known only when the container runs: it waits for it.
const WAIT_FOR_PORT =
  'echo waiting; until [ -f /tmp/advertised ]; do sleep 0.05; done; . /tmp/advertised; exec /etc/kafka/docker/run';

/** Starts Kafka's official image on a free loopback port; ready when it returns. */
export async function startKafkaContainer(engine: ContainerEngine): Promise<{ brokers: string; version: string }> {
  const container = await engine.start(
    engine
      .container(IMAGE)
      .withExposedPorts(9092)
      .withEntrypoint(['bash'])
      .withCommand(['-c', WAIT_FOR_PORT])
      .withEnvironment({
        // The image has one id for all; two brokers must not be taken for one another by whoever remembers offsets.
        CLUSTER_ID: newClusterId(),
        ...asContainerEnvironment({
          ...serverSettings(),
          listeners: 'PLAINTEXT://:9092,CONTROLLER://:9093',
          'controller.quorum.voters': '1@localhost:9093',
        }),
      })
      .withWaitStrategy(engine.testcontainers.Wait.forLogMessage('waiting')),
  );
  const brokers = engine.address(container, 9092);
  const content = `export KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://${brokers}\n`;
  const started = versionFromLogs(container);
  await container.copyContentToContainer([{ content, target: '/tmp/advertised' }]);
  const version = await started;
  await waitForCoordinators(brokers);
  return { brokers, version };
}

async function versionFromLogs(container: StartedTestContainer): Promise<string> {
  const stream = await container.logs();
  // The log stream alone does not keep this process alive.
  const alive = setInterval(() => {}, 1_000);
  let log = '';
  try {
    for await (const chunk of stream) {
      log += String(chunk);
      const version = versionInLog(log);
      if (version) return version;
    }
  } finally {
    clearInterval(alive);
  }
  throw new Error(`the container of ${IMAGE} ended while it was starting:\n${log.slice(-2_000)}`);
}
