import type { EmulatorContext } from '../context.ts';
import { createOrganization } from '../organization/create-organization.ts';
import type { EmulatorSeed } from '../seed.ts';

/**
 * Puts the emulator back to `seed`, or to the seed it had: state, faults, log, real clock. Ids, secrets and the admin
 * key stay what they were for the same names, so nobody who holds them needs to be told. Throws `EmulatorSeedError`.
 */
export function resetOrganization(context: EmulatorContext, seed: EmulatorSeed = context.seed): void {
  context.organization = createOrganization(seed, context.identities, Date.now());
  context.clock.change({ real: true });
  context.seed = seed;
  context.faults.clear();
  context.adminLog.clear();
}
