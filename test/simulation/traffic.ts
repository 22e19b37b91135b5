import { createHash } from 'node:crypto';
import { encodeEvent, type UsageEvent } from '@bursar/events/cloudevent';
import { MODELS, type PricedTokens, UNHEARD_OF } from './prices.ts';
import type { Random } from './random.ts';

export type SimKey = { name: string; apiKeyId: string; sha256: string; hint: string; protected: boolean };

/** What the oracle knows of a record: never read back from the pipeline. */
export type UsageFact = PricedTokens & {
  kind: 'usage';
  id: string;
  sha256: string;
  role: string;
  service: string;
  requests: bigint;
  tokens: bigint;
  /** Nobody has priced its model. */
  provisional: boolean;
};
export type Fact = UsageFact | { kind: 'unreadable' };

export function makeKey(index: number, random: Random, isProtected: boolean): SimKey {
  const name = `key-${index}`;
  return {
    name,
    apiKeyId: `apikey_${index}`,
    sha256: createHash('sha256')
      .update(`${name}/${random.hex(8)}`)
      .digest('hex'),
    hint: `hint-of-${index}`,
    protected: isProtected,
  };
}

export type Emission = { key: SimKey; atMs: number; nowMs: number; seq: number; boot: string };

/** A request as an emitter tells it, and what it must count. */
export function makeEvent(
  random: Random,
  { key, atMs, nowMs, seq, boot }: Emission,
): { event: UsageEvent; fact: Fact } {
  const model = random.chance(0.15) ? UNHEARD_OF : random.pick([...MODELS]);
  const input = random.int(1, 4_000);
  const output = random.int(1, 400);
  const attempt = random.chance(0.2) ? 1 : 0;
  const role = random.pick(['USER', 'ADMIN']);
  const service = random.pick(['search', 'auth']);
  const time = new Date(atMs).toISOString();
  const event: UsageEvent = {
    specversion: '1.0',
    id: random.uuidV7(nowMs),
    source: '//bursar/emitter/simulated/1',
    subject: key.sha256,
    type: 'dev.bursar.usage.v1',
    time,
    data: {
      callId: random.uuidV7(nowMs),
      ...{
        attempt,
        operation: 'messages',
        key: { sha256: key.sha256, hint: key.hint, id: key.apiKeyId },
        service,
        role,
      },
      ...{ tags: {}, requestedModel: model, servedModel: model, stream: false, maxTokens: {}, outcome: 'complete' },
      usage: { input_tokens: input, output_tokens: output },
      ...{ usageBasis: 'reported', startedAt: time, durationMs: 5 },
      emitter: { id: 'simulated/1', boot, seq, dropped: {} },
    },
  };
  const fact: UsageFact = {
    ...{ kind: 'usage', id: event.id, sha256: key.sha256, role, service, provisional: model === UNHEARD_OF },
    ...{ model, input, output, atMs },
    requests: attempt === 0 ? 1n : 0n,
    tokens: BigInt(input + output),
  };
  return { event, fact };
}

export function recordOf(event: UsageEvent): { key: string; value: string; headers: Record<string, string> } {
  return { key: event.data.key.sha256, ...encodeEvent(event) };
}
