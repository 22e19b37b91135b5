import { randomUUID } from 'node:crypto';
import type { EmitterEvent, UsageEvent } from '@bursar/events/cloudevent';
import { uuidV7 } from '@bursar/events/uuid-v7';
import fc from 'fast-check';
import { trafficKey, usageEvent } from '../../../test/harness/traffic.ts';

const MINUTE_MS = 60_000;
const STEP_MS = 2 * MINUTE_MS;
const BASE_MS = Date.UTC(2026, 10, 20, 9, 58);
const key = trafficKey();

/** What became of each number that a boot gave, and how the boot ended. */
export type Emission = {
  fates: readonly Fate[];
  ending: 'closed' | 'running' | 'killed';
  /** After so many numbers each; a heartbeat may tell more as waiting than stays there. */
  heartbeats: readonly { after: number; alsoWaiting: number }[];
};
export type Fate = { kind: 'counted' | 'quarantined' | 'dropped' | 'lost' | 'waiting'; copies: number; lateMs: number };

export type Told = { usage: UsageEvent; refused: boolean } | { emitter: EmitterEvent };

export const emissions: fc.Arbitrary<Emission> = fc.record({
  fates: fc.array(
    fc.record({
      kind: fc.constantFrom('counted', 'counted', 'counted', 'quarantined', 'dropped', 'lost', 'waiting'),
      copies: fc.constantFrom(1, 1, 1, 2, 3),
      lateMs: fc.constantFrom(0, 0, STEP_MS, 2 * STEP_MS),
    }),
    { minLength: 1, maxLength: 40 },
  ),
  ending: fc.constantFrom('closed', 'running', 'killed'),
  heartbeats: fc.array(fc.record({ after: fc.nat(40), alsoWaiting: fc.nat(3) }), { maxLength: 5 }),
});

/** Everything that reaches the log, in the order of its making. */
export function logOf({ fates, ending, heartbeats }: Emission): { emitterId: string; boot: string; log: Told[] } {
  const emitter = { id: `search/${randomUUID()}`, boot: randomUUID() };
  const log: Told[] = [];
  let dropped: Record<string, number> = {};
  let waiting = 0;
  const tell = (type: EmitterEvent['type'], highestSeq: number, atMs: number, pending: number) =>
    log.push({ emitter: lifecycle(emitter, type, { highestSeq, pending, dropped }, atMs) });
  const beat = (seq: number) => {
    for (const { after, alsoWaiting } of heartbeats)
      if (after === seq) tell('dev.bursar.emitter.heartbeat.v1', seq, BASE_MS + seq * STEP_MS, waiting + alsoWaiting);
  };
  beat(0);
  fates.forEach(({ kind, copies, lateMs }, index) => {
    const seq = index + 1;
    const atMs = BASE_MS + seq * STEP_MS;
    const position = { emitter: { ...emitter, seq, dropped } };
    const usage = { ...usageEvent(key, position, atMs + lateMs), id: uuidV7(atMs) };
    if (kind === 'counted' || kind === 'quarantined')
      for (let copy = 0; copy < copies; copy++) log.push({ usage, refused: kind === 'quarantined' });
    if (kind === 'dropped') dropped = { ...dropped, [reasonOf(seq)]: (dropped[reasonOf(seq)] ?? 0) + 1 };
    if (kind === 'waiting') waiting++;
    beat(seq);
  });
  const endMs = BASE_MS + (fates.length + 20) * STEP_MS;
  if (ending === 'closed') tell('dev.bursar.emitter.closed.v1', fates.length, endMs, waiting);
  // The quarter of an hour in which a running emitter spoke last is still open; what it told before that is judged.
  if (ending === 'running')
    for (const atMs of [endMs, endMs + 10 * STEP_MS])
      tell('dev.bursar.emitter.heartbeat.v1', fates.length, atMs, waiting);
  return { emitterId: emitter.id, boot: emitter.boot, log };
}

function reasonOf(seq: number): string {
  return seq % 3 === 0 ? 'queue_full' : 'defect';
}

function lifecycle(
  emitter: { id: string; boot: string },
  type: EmitterEvent['type'],
  state: Pick<EmitterEvent['data'], 'highestSeq' | 'pending' | 'dropped'>,
  atMs: number,
): EmitterEvent {
  return {
    specversion: '1.0',
    type,
    id: uuidV7(atMs),
    source: '//bursar/emitter/traffic/1',
    time: new Date(atMs).toISOString(),
    data: { emitter, service: 'search', startedAt: new Date(BASE_MS).toISOString(), ...state },
  };
}
