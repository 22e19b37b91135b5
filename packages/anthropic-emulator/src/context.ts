import type { AdminLog } from './admin-log.ts';
import type { EmulatorClock } from './clock.ts';
import type { FaultRules } from './faults.ts';
import type { Identities } from './identity.ts';
import type { OrganizationState } from './organization/organization-state.ts';
import type { EmulatorSeed } from './seed.ts';

/** What every part of one running emulator shares. A reset replaces `organization`; nothing else is replaced. */
export type EmulatorContext = {
  readonly adminKey: string;
  readonly clock: EmulatorClock;
  readonly faults: FaultRules;
  readonly adminLog: AdminLog;
  readonly identities: Identities;
  readonly nextMessageId: () => string;
  readonly effectDelayMs: number;
  readonly streamChunks: number;
  readonly streamChunkDelayMs: number;
  readonly requestLatencyMs: number;
  readonly analyticsDelayMs: number;
  seed: EmulatorSeed;
  organization: OrganizationState;
};
