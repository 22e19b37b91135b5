import type { GenericContainer, StartedTestContainer } from 'testcontainers';

export type ContainerEngine = {
  /** testcontainers itself, loaded only when it is needed: that takes a quarter of a second. */
  readonly testcontainers: typeof import('testcontainers');
  /** A container to be configured; its ports are published on loopback when the engine is on this machine. */
  container(image: string): GenericContainer;
  /** Starts it. `close` stops it; if this process dies first, testcontainers' Ryuk removes it. */
  start(container: GenericContainer): Promise<StartedTestContainer>;
  /** `host:port` under which a started container's port is reached from here. */
  address(container: StartedTestContainer, port: number): string;
  close(): Promise<void>;
};

const LOOPBACK = '127.0.0.1';

/** The container engine of this machine, as testcontainers finds it; undefined when none answers. */
export async function findContainerEngine(): Promise<ContainerEngine | undefined> {
  const testcontainers = await import('testcontainers');
  const client = await testcontainers.getContainerRuntimeClient().catch(() => undefined);
  if (!client) return undefined;
  const { host } = client.info.containerRuntime;
  // A remote engine, or one outside the container that we run in, can only be reached through its other addresses.
  const isLocal = host === 'localhost' || host === LOOPBACK;
  const LoopbackContainer = publishingOnLoopback(testcontainers.GenericContainer);
  const started: StartedTestContainer[] = [];
  return {
    testcontainers,
    container: (image) => (isLocal ? new LoopbackContainer(image) : new testcontainers.GenericContainer(image)),
    async start(container) {
      const running = await container.start();
      started.push(running);
      return running;
    },
    address: (container, port) => `${isLocal ? LOOPBACK : host}:${container.getMappedPort(port)}`,
    async close() {
      await Promise.all(started.map((container) => container.stop({ timeout: 0 })));
    },
  };
}

// testcontainers publishes on every interface of the machine and has no option for it.
function publishingOnLoopback(base: typeof GenericContainer): typeof GenericContainer {
  return class extends base {
    protected override async beforeContainerCreated(): Promise<void> {
      const ports: Record<string, { HostPort?: string }[]> = this.hostConfig.PortBindings ?? {};
      this.hostConfig.PortBindings = Object.fromEntries(
        Object.entries(ports).map(([port, bindings]) => [port, bindings.map((one) => ({ ...one, HostIp: LOOPBACK }))]),
      );
    }
  };
}
