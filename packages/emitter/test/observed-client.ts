import assert from 'node:assert/strict';
import { after } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { decodeEvent, encodeEvent, type UsageEvent } from '@bursar/events/cloudevent';
import { createAttemptStarter } from '../src/attempt.ts';
import { createCallContexts } from '../src/call-context.ts';
import { createEmitterIdentity } from '../src/emitter-identity.ts';
import { createFieldCleaner } from '../src/field-cleaner.ts';
import { createKeyIdentities } from '../src/key-identity.ts';
import { createMetering } from '../src/metering.ts';
import { createUsageEvents } from '../src/usage-event.ts';
import { freshKey, type MessagesServer, type Reply, startMessagesServer } from './messages-server.ts';

export const PARAMS = {
  model: 'claude-haiku-5-5',
  max_tokens: 64,
  messages: [{ role: 'user' as const, content: 'Hello' }],
};
const servers: MessagesServer[] = [];
after(() => Promise.all(servers.map((server) => server.stop())));

/** A server that is stopped when the test file is through. */
export async function serve(reply: Reply): Promise<MessagesServer> {
  const server = await startMessagesServer(reply);
  servers.push(server);
  return server;
}

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
