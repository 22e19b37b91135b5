import type Anthropic from '@anthropic-ai/sdk';
import type { Log } from '@bursar/runtime/log';
import { createLoop, type Loop } from '@bursar/runtime/loop';
import type { RevokerMetrics } from '../metrics.ts';
import { carryOut } from './carry-out.ts';
import { type Claim, type ClaimParts, claimNext } from './claim.ts';
import { record } from './record.ts';

export type ActLoopParts = ClaimParts & {
  client: Anthropic;
  metrics: Pick<RevokerMetrics, 'acts' | 'breachToRequest' | 'requestToVerified' | 'errors'>;
  log: Log;
  /** Calls under way at the same time. */
  maxInFlight: number;
  random: () => number;
  /** Told after each decision that the guards must hear of. */
  onDecided: () => void;
};

export type ActLoop = Loop & {
  /** Resolves when no call is under way. */
  settled(): Promise<void>;
};

/**
 * Claims and makes attempts. A slow answer holds up only its own key: the loop goes on claiming while calls are under
 * way, up to `maxInFlight`, and looks again when one has ended. Draining waits for their answers to be recorded.
 */
export function createActLoop(parts: ActLoopParts): ActLoop {
  const inFlight = new Set<Promise<void>>();

  async function tick(): Promise<void> {
    while (inFlight.size < parts.maxInFlight) {
      const outcome = await claimNext(parts);
      if (outcome.kind === 'claimed') start(outcome.claim);
      else if (outcome.kind !== 'settled') return;
    }
  }

  function start(claim: Claim): void {
    parts.onDecided();
    const call = make(parts, claim)
      .catch((error) => {
        // The act stays without an answer; when its lease ends Anthropic is asked first.
        parts.metrics.errors.inc({ part: 'record' });
        parts.log.error({ err: error, actId: claim.actId }, 'an attempt was made but its answer could not be recorded');
      })
      .finally(() => {
        inFlight.delete(call);
        loop.wake();
      });
    inFlight.add(call);
  }

  const settled = async () => {
    while (inFlight.size > 0) await Promise.all(inFlight);
  };
  const onError = () => parts.metrics.errors.inc({ part: 'act' });
  const loop = createLoop({ name: 'act', everyMs: 1_000, tick, log: parts.log, onError });
  return {
    name: loop.name,
    run: (signal) => loop.run(signal),
    wake: () => loop.wake(),
    tickNow: () => loop.tickNow(),
    ready: () => loop.ready(),
    settled,
    async drain() {
      await loop.drain();
      await settled();
    },
  };
}

async function make({ client, pool, metrics, log, random }: ActLoopParts, claim: Claim): Promise<void> {
  const startedAt = performance.now();
  const { breachRecordedAt, wanted, apiKeyId, actId, attempt, generation } = claim;
  if (breachRecordedAt !== null) metrics.breachToRequest.observe((Date.now() - breachRecordedAt.getTime()) / 1_000);
  const answer = await carryOut(client, claim);
  await record(pool, claim, answer, random);
  metrics.acts.inc({ wanted, outcome: answer.outcome });
  if (answer.outcome === 'verified') metrics.requestToVerified.observe((performance.now() - startedAt) / 1_000);
  const { outcome, httpStatus, requestId, errorType, errorMessage, readBackStatus } = answer;
  const facts = {
    apiKeyId,
    actId,
    wanted,
    generation,
    attempt,
    httpStatus,
    requestId,
    errorType,
    errorMessage,
    readBackStatus,
  };
  log[outcome === 'verified' ? 'info' : 'warn'](facts, `act ${outcome}: ${apiKeyId} wanted ${wanted}`);
}
