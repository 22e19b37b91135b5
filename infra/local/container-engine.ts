import type { GenericContainer, StartedTestContainer } from 'testcontainers';

export type ContainerEngine = {
  /** testcontainers' own class, loaded only when an engine is there: that takes a third of a second. */
  readonly Container: typeof GenericContainer;
  /** Starts a container that `close` stops; if this process dies first, testcontainers' Ryuk removes it. */
  start(container: GenericContainer): Promise<StartedTestContainer>;
  close(): Promise<void>;
};

/** The container engine of this machine, as testcontainers finds it; undefined when none answers. */
export async function findContainerEngine(): Promise<ContainerEngine | undefined> {
  const { GenericContainer, getContainerRuntimeClient } = await import('testcontainers');
  try {
    await getContainerRuntimeClient();
  } catch {
    return undefined;
  }
  const started: StartedTestContainer[] = [];
  return {
    Container: GenericContainer,
    async start(container) {
      const running = await container.start();
      started.push(running);
      return running;
    },
    async close() {
      await Promise.all(started.map((container) => container.stop({ timeout: 0 })));
    },
  };
}
