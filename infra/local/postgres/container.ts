import { randomBytes } from 'node:crypto';
import type { ContainerEngine } from '../container-engine.ts';
import { serverVersion } from './client.ts';
import { postgresArguments } from './server-settings.ts';

const IMAGE = 'postgres:18';

/** Starts PostgreSQL's official image with the database `bursar` on a free loopback port; ready when it returns. */
export async function startPostgresContainer(
  engine: ContainerEngine,
  durable: boolean,
): Promise<{ url: string; version: string }> {
  const password = randomBytes(18).toString('base64url');
  const container = await engine.start(
    engine
      .container(IMAGE)
      .withExposedPorts(5432)
      .withEnvironment({ POSTGRES_PASSWORD: password, POSTGRES_DB: 'bursar' })
      .withCommand(['postgres', ...postgresArguments(durable)])
      // The first time is the server that only runs the image's own set-up.
      .withWaitStrategy(engine.testcontainers.Wait.forLogMessage(/database system is ready to accept connections/, 2)),
  );
  const url = `postgres://postgres:${password}@${engine.address(container, 5432)}/bursar`;
  return { url, version: await serverVersion(url) };
}
