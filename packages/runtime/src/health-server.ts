import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { describeError } from './describe-error.ts';
import { ExitError } from './exit-error.ts';
import type { Part } from './part.ts';
import { scrub } from './scrub.ts';

export type Readiness = { ready: true } | { ready: false; reasons: Record<string, string> };

export type HealthSources = {
  parts: readonly Part[];
  metrics: Registry;
  /** Why the service stops; empty while it does not. */
  stoppingBecause(): string;
};

/** Each part's own word, and no readiness at all while the service stops. */
export function readinessOf({ parts, stoppingBecause }: Pick<HealthSources, 'parts' | 'stoppingBecause'>): Readiness {
  const reasons: Record<string, string> = {};
  if (stoppingBecause() !== '') reasons.service = `stopping: ${stoppingBecause()}`;
  for (const part of parts) {
    const answer = answerOf(part);
    if (answer !== true) reasons[part.name] = answer;
  }
  return Object.keys(reasons).length === 0 ? { ready: true } : { ready: false, reasons };
}

/**
 * Serves `/livez` (the event loop turns, nothing else: an outage elsewhere must not restart everything),
 * `/readyz` (200, or 503 with the reason of each part) and `/metrics`. Rejects with an ExitError when it cannot listen.
 */
export async function listenForHealth(
  sources: HealthSources,
  at: { host: string; port: number },
): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(answer(sources));
  await listen(server, at);
  const { port } = server.address() as AddressInfo;
  const host = at.host.includes(':') ? `[${at.host}]` : at.host;
  return { url: `http://${host}:${port}`, close: () => close(server) };
}

function answer(sources: HealthSources): RequestListener {
  return async (request, response) => {
    const path = (request.url ?? '').split('?')[0];
    if (path === '/livez') return sendJson(response, 200, { live: true });
    if (path === '/readyz') {
      const readiness = readinessOf(sources);
      return sendJson(response, readiness.ready ? 200 : 503, readiness);
    }
    if (path === '/metrics') return sendMetrics(response, sources.metrics);
    return sendJson(response, 404, { error: 'only /livez, /readyz and /metrics are here' });
  };
}

async function sendMetrics(response: ServerResponse, metrics: Registry): Promise<void> {
  try {
    response.writeHead(200, { 'content-type': metrics.contentType }).end(await metrics.metrics());
  } catch (error) {
    // A gauge that reads its value on collection may fail; that costs this scrape, not the process.
    sendJson(response, 500, { error: `metrics could not be collected: ${describeError(error)}` });
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  // A reason may quote an error, and an error may quote a credential.
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${scrub(JSON.stringify(body))}\n`);
}

function answerOf(part: Part): true | string {
  try {
    return part.ready?.() ?? true;
  } catch (error) {
    return `ready() failed: ${describeError(error)}`;
  }
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const hint = 'free the port or set another one';
      reject(new ExitError(`health server cannot listen on ${host}:${port}: ${error.message}; ${hint}`, 1));
    });
    server.listen(port, host, resolve);
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
