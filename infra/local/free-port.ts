import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

// Below the ranges from which systems take the ports of outgoing connections: between this look and the server's own
// bind, one of those could take a port for itself.
const LOWEST = 20_000;
const HIGHEST = 32_000;

/** `count` different loopback ports that nobody listens on at this moment. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let tries = 0; ports.size < count; tries++) {
    if (tries > 200) throw new Error(`no free port on 127.0.0.1 between ${LOWEST} and ${HIGHEST}`);
    const port = randomInt(LOWEST, HIGHEST);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
