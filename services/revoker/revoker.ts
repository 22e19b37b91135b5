import { type KeyObject, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import type Anthropic from '@anthropic-ai/sdk';
import type { Producer } from '@bursar/bus/producer';
import { noteAutoRefused } from '@bursar/db/enforcement/gate';
import type { Channel, Pool } from '@bursar/db/pool';
import type { Log } from '@bursar/runtime/log';
import { createLoop, type Loop } from '@bursar/runtime/loop';
import type { Part } from '@bursar/runtime/part';
import { type ActLoop, createActLoop } from './acts/act-loop.ts';
import { watchGate } from './acts/breaker.ts';
import type { LocalPause } from './acts/gatekeeper.ts';
import { consumeBreaches } from './breaches/consume-breaches.ts';
import { observeHeldKeys } from './holds/observe-held-keys.ts';
import { releaseHolds } from './holds/release-holds.ts';
import type { RevokerMetrics } from './metrics.ts';
import { type AdminApi, modeOf, PolicyCache, whyAutoRefused } from './policy-in-force.ts';
import { publishStandings } from './standing/publish-standings.ts';

export type RevokerParts = {
  pool: Pool;
  client: Anthropic;
  producer: Pick<Producer, 'send'>;
  standingTopic: string;
  privateKey: KeyObject;
  adminApi: AdminApi;
  localPause: LocalPause;
  observeEveryMs: number;
  metrics: RevokerMetrics;
  log: Log;
  random?: () => number;
};

export type Revoker = {
  consume: Loop;
  act: ActLoop;
  release: Loop;
  observe: Loop;
  standing: Loop;
  gate: Loop;
  /** Everything with a life, in the order in which it starts. */
  parts: Part[];
  wake(channel: Channel): void;
};

const LEASE_MS = 30_000;
const MAX_CALLS_IN_FLIGHT = 8;

/** Wires the loops to each other: what one commits wakes the one that goes on with it. */
export function createRevoker(given: RevokerParts): Revoker {
  const { pool, client, adminApi, localPause, metrics, log } = given;
  const policies = new PolicyCache();
  const owner = `revoker ${randomUUID()}`;
  const random = given.random ?? Math.random;
  const state: { shut?: string | undefined; breaker?: string | undefined; mode?: string | undefined } = {};
  const loop = (name: string, everyMs: number, tick: () => Promise<void>) =>
    createLoop({ name, everyMs, tick, log, onError: () => metrics.errors.inc({ part: name }) });

  const consume = loop('consume', 1_000, () =>
    consumeBreaches({ pool, policies, adminApi, metrics, log, onApproved: () => act.wake() }),
  );
  const act = createActLoop({
    ...{ pool, policies, adminApi, localPause, client, metrics, log, random, owner },
    leaseMs: LEASE_MS,
    maxInFlight: MAX_CALLS_IN_FLIGHT,
    onDecided: () => standing.wake(),
  });
  const onReleased = () => {
    act.wake();
    standing.wake();
  };
  const release = loop('release', 1_000, () => releaseHolds({ pool, policies, adminApi, localPause, onReleased }));
  const observe = loop('observe', 2_000, () =>
    observeHeldKeys({ pool, client, everyMs: given.observeEveryMs, onOverridden: () => standing.wake() }),
  );
  const standing = loop('standing', 1_000, () =>
    publishStandings({
      pool,
      producer: given.producer,
      topic: given.standingTopic,
      privateKey: given.privateKey,
      source: '//bursar/revoker',
    }),
  );
  const gate = loop('gate', 2_000, async () => {
    await noteAutoRefused(pool, whyAutoRefused(adminApi) ?? null);
    await watchGate({ pool, client, localPause, onState: (now) => noteGate(now) });
    state.mode = await modeProblem(pool, policies, adminApi);
  });

  function noteGate(now: { shut: string | undefined; breaker: string | undefined }): void {
    if (now.shut !== state.shut)
      log.warn({ shut: now.shut ?? null }, now.shut ? `nothing is done: ${now.shut}` : 'the gate is open');
    if (state.breaker !== undefined && now.breaker === undefined) act.wake();
    Object.assign(state, now);
    metrics.gateShut.set(now.shut === undefined ? 0 : 1);
    metrics.breakerOpen.set(now.breaker === undefined ? 0 : 1);
  }

  const enforcement: Part = {
    name: 'enforcement',
    ready: () => (state.breaker === undefined ? (state.mode ?? true) : `enforcement is off: ${state.breaker}`),
  };
  return {
    ...{ consume, act, release, observe, standing, gate },
    parts: [enforcement, gate, standing, observe, release, act, consume],
    wake(channel) {
      if (channel === 'bursar_breach') consume.wake();
      else if (channel === 'bursar_command') act.wake();
      else release.wake();
    },
  };
}

/** Not doing what the policy says is no healthy state, however well everything works. */
async function modeProblem(pool: Pool, policies: PolicyCache, adminApi: AdminApi): Promise<string | undefined> {
  const versionId = await policies.activeVersion(pool);
  if (versionId === null) return undefined;
  const { policy } = await policies.at(pool, versionId);
  const mode = modeOf(policy, adminApi);
  return policy.enforcement.mode === 'auto' && !mode.auto ? mode.because : undefined;
}

/** A pause of this process: an option, or a file that exists. */
export function localPauseOf(config: { paused: boolean; pauseFile?: string | undefined }): LocalPause {
  const { paused, pauseFile } = config;
  return () => {
    if (paused) return 'paused by BURSAR_PAUSED';
    if (pauseFile !== undefined && existsSync(pauseFile)) return `paused by the file ${pauseFile}`;
    return undefined;
  };
}
