import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultProxy, LinkFaults } from '../../harness/fault-proxy.ts';
import type { LinkFault } from './schedule.ts';

const WHAT: Record<Exclude<LinkFault, 'reset' | 'half-close'>, LinkFaults> = {
  latency: { latencyMs: 150, jitterMs: 250 },
  narrow: { bytesPerSecond: 250_000 },
  slices: { sliceBytes: 512 },
  blackhole: { blackhole: true },
  cut: { cutAfterBytes: 30_000 },
};

/** Makes a link bad for a while and then sound again. What ends connections at once is done once a second. */
export async function sufferLink(proxy: FaultProxy, fault: LinkFault, forMs: number): Promise<void> {
  const untilMs = performance.now() + forMs;
  if (fault === 'reset' || fault === 'half-close') {
    while (performance.now() < untilMs) {
      if (fault === 'reset') proxy.reset();
      else proxy.halfClose();
      await sleep(1_000);
    }
    return;
  }
  proxy.set(WHAT[fault]);
  await sleep(forMs);
  proxy.set({});
}
