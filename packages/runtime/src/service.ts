import { flushCompileCache } from 'node:module';
import type { Registry } from 'prom-client';
import { giveUp, PendingSteps } from './deadline.ts';
import { listenForHealth } from './health-server.ts';
import type { Log } from './log.ts';
import type { Part } from './part.ts';
import { stopOnProcessEvents } from './process-events.ts';
import { StopRequest } from './stop-request.ts';

export { ExitError } from './exit-error.ts';
export type { Part } from './part.ts';
export { DependencyAwayError, waitUntil } from './wait-until.ts';

export type Service = {
  name: string;
  log: Log;
  metrics: Registry;
  /** Port 0 takes a free one. */
  health: { host: string; port: number };
  /** From the request to stop until everything has stopped; after that the process is ended by force. */
  drainTimeoutMs: number;
  /** In the order in which they start. */
  parts: readonly Part[];
  /** Told the base URL of the health server once every part has started. */
  onListening?: (healthUrl: string) => void;
};

/**
 * Runs a service from start to end and resolves when all of it has stopped. Parts start in order, then the health server
 * listens, then the parts run. SIGTERM, SIGINT, a part that fails and an uncaught error all end it the same way:
 * not ready → signal aborted → drain in reverse → stop in reverse. Never rejects: a failure is logged once at fatal and
 * becomes `process.exitCode`. A second signal or the deadline ends the process with code 1 and the names of what hung.
 */
export async function runService(service: Service): Promise<void> {
  const { log, drainTimeoutMs } = service;
  const stop = new StopRequest(log);
  const pending = new PendingSteps();
  const forget = stopOnProcessEvents(stop, (because) => giveUp(log, because, pending));
  // Holds the process open: a step that hangs with nothing in the event loop would else end as a silent exit.
  const alive = setInterval(() => {}, 60_000);
  let deadline: NodeJS.Timeout | undefined;
  stop.signal.addEventListener('abort', () => {
    deadline = setTimeout(() => giveUp(log, `not stopped after ${drainTimeoutMs} ms`, pending), drainTimeoutMs);
  });
  try {
    await live(service, stop, pending);
    log.info({ reason: stop.because, exitCode: stop.exitCode }, `${service.name} has stopped`);
  } finally {
    clearInterval(alive);
    clearTimeout(deadline);
    forget();
    if (stop.exitCode !== 0) process.exitCode = stop.exitCode;
  }
}

async function live(service: Service, stop: StopRequest, pending: PendingSteps): Promise<void> {
  const { log, parts, metrics } = service;
  const started = await startParts(parts, stop, pending);
  if (stop.signal.aborted) return stopParts(started.map(withoutRun), stop, pending);

  const health = await listenForHealth({ parts, metrics, stoppingBecause: () => stop.because }, service.health).catch(
    (error) => stop.fail('cannot start', error),
  );
  if (health === undefined) return stopParts(started.map(withoutRun), stop, pending);
  log.info({ healthUrl: health.url, parts: parts.map((part) => part.name) }, `${service.name} is up`);
  service.onListening?.(health.url);
  // Where NODE_COMPILE_CACHE is set: not only at a clean end, which a killed process never has.
  flushCompileCache();

  const running = started.map((part) => ({ part, ended: runPart(part, stop) }));
  await aborted(stop.signal);
  await drainParts(started, stop, pending);
  await stopParts(running, stop, pending);
  await health.close();
}

/** Starts in order and returns what has started; stops at the first failure or when the service is told to stop. */
async function startParts(parts: readonly Part[], stop: StopRequest, pending: PendingSteps): Promise<Part[]> {
  const started: Part[] = [];
  for (const part of parts) {
    if (stop.signal.aborted) return started;
    try {
      await pending.during(`start of ${part.name}`, () => part.start?.(stop.signal));
      started.push(part);
    } catch (error) {
      // A start that gave up because it was told to is no failure.
      if (!stop.signal.aborted) stop.fail(`${part.name} did not start`, error);
      return started;
    }
  }
  return started;
}

async function runPart(part: Part, stop: StopRequest): Promise<void> {
  if (part.run === undefined) return;
  try {
    await part.run(stop.signal);
    if (!stop.signal.aborted) stop.fail(part.name, new Error(`${part.name} ended although nobody asked it to stop`));
  } catch (error) {
    const obeyed = stop.signal.aborted && error instanceof Error && error.name === 'AbortError';
    if (!obeyed) stop.fail(`${part.name} failed`, error);
  }
}

async function drainParts(started: readonly Part[], stop: StopRequest, pending: PendingSteps): Promise<void> {
  for (const part of started.toReversed()) {
    await pending
      .during(`drain of ${part.name}`, () => part.drain?.())
      .catch((error) => stop.fail(`${part.name} did not drain`, error));
  }
}

type RunningPart = { part: Part; ended: Promise<void> };

async function stopParts(running: readonly RunningPart[], stop: StopRequest, pending: PendingSteps): Promise<void> {
  for (const { part, ended } of running.toReversed()) {
    await pending.during(`run of ${part.name}`, () => ended);
    await pending
      .during(`stop of ${part.name}`, () => part.stop?.())
      .catch((error) => stop.fail(`${part.name} did not stop`, error));
  }
}

function withoutRun(part: Part): RunningPart {
  return { part, ended: Promise.resolve() };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
