import type { APIKey } from '@anthropic-ai/sdk/resources/organization/api-keys';
import { type AdminCall, createAdminLog } from './admin-log.ts';
import { type ClockChange, createClock } from './clock.ts';
import type { EmulatorContext } from './context.ts';
import { resetOrganization } from './control/reset.ts';
import { type OrganizationSummary, summarize } from './control/summary.ts';
import { createFaultRules, type FaultRule } from './faults.ts';
import { createIdentities } from './identity.ts';
import { createKey } from './organization/create-key.ts';
import { createOrganization } from './organization/create-organization.ts';
import { keyAt } from './organization/key-status.ts';
import type { KeyRecord } from './organization/organization-state.ts';
import { type ApiKeySeed, EMPTY_SEED, type EmulatorSeed, EmulatorSeedError } from './seed.ts';
import { createServer } from './server.ts';

export type { AdminCall, ApiKeySeed, ClockChange, EmulatorSeed, FaultRule, OrganizationSummary };
export { EmulatorSeedError };

export type EmulatorOptions = {
  /** Default 127.0.0.1. Whoever reaches this host can steer the emulator. */
  host?: string;
  /** Default 0: a free port. */
  port?: number;
  seed?: EmulatorSeed;
  /** The same number gives the same ids and secrets; without it they are random. */
  randomSeed?: number;
  /** There is none: the state lives as long as the emulator. */
  statePath?: never;
  /** How long a key that was switched off still passes requests; default 0. */
  effectDelayMs?: number;
  /** Text deltas per streamed answer (default 5) and the pause after each write (default 0). */
  streamChunks?: number;
  streamChunkDelayMs?: number;
  /** How long a message takes before it is answered; default 0. */
  requestLatencyMs?: number;
  /** How late Usage Analytics are, to the minute; default 0. */
  analyticsDelayMs?: number;
};

export type Emulator = {
  readonly url: string;
  readonly adminKey: string;
  /** The complete secret of the key with that name (the first, if several share it). Throws `RangeError`. */
  secretOf(apiKeyName: string): string;
  /** The key as the Admin API shows it now. Throws `RangeError`. */
  apiKey(apiKeyName: string): APIKey;
  /** Makes a key as the Console does. Throws `EmulatorSeedError`. */
  createApiKey(key: ApiKeySeed): { id: string; secret: string };
  addFault(rule: FaultRule): void;
  clearFaults(): void;
  setClock(change: ClockChange): void;
  /** Every call of the Admin API since the last reset, oldest first. */
  adminLog(): AdminCall[];
  summary(): OrganizationSummary;
  /** Back to `seed`, or to the last seed; ids and secrets of the same names stay. Throws `EmulatorSeedError`. */
  reset(seed?: EmulatorSeed): void;
  close(): Promise<void>;
};

/** Starts an emulated Anthropic organization on a loopback port. Throws `EmulatorSeedError` for a contradictory seed. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const context = createContext(options);
  const server = createServer(context);
  const url = await server.listen({ host: options.host ?? '127.0.0.1', port: options.port ?? 0 });
  const nowMs = () => context.clock.nowMs();
  return {
    url,
    adminKey: context.adminKey,
    secretOf: (name) => keyNamed(context, name).secret,
    apiKey: (name) => keyAt(keyNamed(context, name), nowMs()),
    createApiKey(seed) {
      const { key, secret } = createKey(context.organization, seed, context.identities, nowMs());
      return { id: key.id, secret };
    },
    addFault: (rule) => context.faults.add(rule),
    clearFaults: () => context.faults.clear(),
    setClock: (change) => context.clock.change(change),
    adminLog: () => context.adminLog.calls(),
    summary: () => summarize(context.organization, nowMs()),
    reset: (seed) => resetOrganization(context, seed),
    close: () => server.close(),
  };
}

function createContext(options: EmulatorOptions): EmulatorContext {
  const identities = createIdentities(options.randomSeed);
  const clock = createClock();
  const seed = options.seed ?? EMPTY_SEED;
  return {
    adminKey: identities.secret('sk-ant-admin01-', 'admin'),
    clock,
    faults: createFaultRules(),
    adminLog: createAdminLog(),
    identities,
    nextMessageId: identities.sequence('msg'),
    effectDelayMs: options.effectDelayMs ?? 0,
    streamChunks: options.streamChunks ?? 5,
    streamChunkDelayMs: options.streamChunkDelayMs ?? 0,
    requestLatencyMs: options.requestLatencyMs ?? 0,
    analyticsDelayMs: options.analyticsDelayMs ?? 0,
    seed,
    organization: createOrganization(seed, identities, clock.nowMs()),
  };
}

function keyNamed({ organization }: EmulatorContext, name: string): KeyRecord {
  for (const record of organization.keys.values()) if (record.key.name === name) return record;
  const known = [...organization.keys.values()].map((record) => record.key.name).join(', ') || 'none';
  throw new RangeError(`No API key is named "${name}". The emulator has: ${known}.`);
}
