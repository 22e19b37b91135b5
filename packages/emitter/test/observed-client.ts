import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import { decodeEvent, encodeEvent, type UsageEvent } from '@bursar/events/cloudevent';
import { createAttemptStarter } from '../src/attempt.ts';
import { createCallContexts } from '../src/call-context.ts';
import { createEmitterIdentity } from '../src/emitter-identity.ts';
import { createFieldCleaner } from '../src/field-cleaner.ts';
import { createKeyIdentities } from '../src/key-identity.ts';
import { createMetering } from '../src/metering.ts';
import { createUsageEvents } from '../src/usage-event.ts';
import { freshKey } from './messages-server.ts';

/** An SDK client with the whole meter before the queue; its events are kept, and each must be readable by `decodeEvent`. */
export function observedClient(url: string, apiKey = freshKey()) {
  const events: UsageEvent[] = [];
  const cleaned: string[] = [];
  const contexts = createCallContexts({ role: 'USER' });
  const usageEvent = createUsageEvents(
    createEmitterIdentity('search', 'test'),
    createFieldCleaner((field) => cleaned.push(field)),
    'USER',
  );
  const metering = createMetering({
    startAttempt: createAttemptStarter(contexts, createKeyIdentities()),
    record: (attempt, result, durationMs) =>
      events.push(readBack(usageEvent(attempt, result, durationMs, { seq: events.length + 1, dropped: {} }))),
    onDefect: (error) => {
      throw new Error('the meter has a defect', { cause: error });
    },
  });
  const bare = new Anthropic({ apiKey, baseURL: url, logLevel: 'off' });
  const client = bare.withOptions({ middleware: [metering.middleware] });
  return { bare, client, events, cleaned, contexts, metering };
}

function readBack(event: UsageEvent): UsageEvent {
  const { value, headers } = encodeEvent(event);
  const decoded = decodeEvent({ value: Buffer.from(value), headers });
  assert.ok(decoded.ok, JSON.stringify(decoded));
  return decoded.event as UsageEvent;
}
