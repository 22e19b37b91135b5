import type { EmitterEvent } from '@bursar/events/cloudevent';
import { EMITTER_CLOSED_TYPE, EMITTER_HEARTBEAT_TYPE, EMITTER_STARTED_TYPE } from '@bursar/events/emitter-event';
import { uuidV7 } from '@bursar/events/uuid-v7';
import type { Delivery } from './delivery.ts';
import type { EmitterIdentity } from './emitter-identity.ts';
import type { MeterLedger } from './meter-ledger.ts';
import type { Metering } from './metering.ts';

const HEARTBEAT_MS = 10_000;
const EXIT_TIMEOUT_MS = 2_000;
const DISCONNECT_TIMEOUT_MS = 500;

export type LifecycleParts = {
  readonly identity: EmitterIdentity;
  readonly delivery: Delivery;
  readonly ledger: MeterLedger;
  readonly metering: Metering;
  readonly disconnect: () => Promise<void>;
};

/** Announces start, heartbeat and close, so that a hole in the sequence is seen even when no further event comes. */
export function createLifecycle({ identity, delivery, ledger, metering, disconnect }: LifecycleParts) {
  let closing: Promise<void> | undefined;

  function announce(type: EmitterEvent['type']): void {
    const { seq, dropped } = ledger.position();
    const nowMs = Date.now();
    delivery.announce({
      specversion: '1.0',
      type,
      id: uuidV7(nowMs),
      source: identity.source,
      time: new Date(nowMs).toISOString(),
      data: {
        emitter: { id: identity.id, boot: identity.boot },
        service: identity.service,
        startedAt: identity.startedAt,
        highestSeq: seq,
        pending: delivery.pendingCount(),
        dropped,
      },
    });
  }

  const heartbeat = setInterval(() => {
    metering.settleAbandoned();
    announce(EMITTER_HEARTBEAT_TYPE);
  }, HEARTBEAT_MS).unref();

  async function closeWithin(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    clearInterval(heartbeat);
    process.off('beforeExit', onBeforeExit);
    metering.settleAbandoned(true);
    ledger.close();
    await delivery.drain(timeoutMs);
    announce(EMITTER_CLOSED_TYPE);
    await delivery.drain(Math.max(0, deadline - performance.now()));
    delivery.stop();
    await within(DISCONNECT_TIMEOUT_MS, disconnect());
  }

  function close(timeoutMs: number): Promise<void> {
    closing ??= closeWithin(timeoutMs);
    return closing;
  }

  function onBeforeExit(): void {
    void close(EXIT_TIMEOUT_MS);
  }

  process.once('beforeExit', onBeforeExit);
  announce(EMITTER_STARTED_TYPE);
  return { close };
}

/** Resolves with the work, however it ends, or after `timeoutMs`. Keeps the process alive meanwhile. */
function within(timeoutMs: number, work: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(resolve, timeoutMs);
    const finish = () => {
      clearTimeout(deadline);
      resolve();
    };
    work.then(finish, finish);
  });
}
