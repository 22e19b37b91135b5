import type {
  BetaMessageDeltaUsage,
  BetaRawMessageStreamEvent,
} from '@anthropic-ai/sdk/resources/beta/messages/messages';
import type { Message, MessageDeltaUsage, RawMessageStreamEvent } from '@anthropic-ai/sdk/resources/messages';
import type { ErrorBody } from '../errors.ts';
import { asBetaMessage } from './message.ts';

const PING = 'event: ping\ndata: {"type": "ping"}\n\n';

/** One event in the text form of server-sent events. */
export const sseText = (event: RawMessageStreamEvent | BetaRawMessageStreamEvent | ErrorBody): string =>
  `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

/**
 * A message as the server-sent events that stream it, its text in `deltaCount` deltas. As at Anthropic, `message_start`
 * carries the whole usage with a placeholder for the output, and `message_delta` the final counts without the cache
 * split, tier, speed and geography. Each yielded text is what one write to the wire would carry.
 */
export function* streamedMessage(message: Message, deltaCount: number, beta: boolean): Generator<string> {
  const start: Message = { ...message, content: [], stop_reason: null, usage: { ...message.usage, output_tokens: 1 } };
  const shownStart = beta
    ? ({ type: 'message_start', message: asBetaMessage(start) } satisfies BetaRawMessageStreamEvent)
    : ({ type: 'message_start', message: start } satisfies RawMessageStreamEvent);
  yield sseText(shownStart) + PING;
  const [block] = message.content;
  if (block?.type === 'text') {
    yield sseText({
      type: 'content_block_start',
      index: 0,
      content_block: { type: 'text', text: '', citations: null },
    });
    for (const text of pieces(block.text, deltaCount)) {
      yield sseText({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } });
    }
    yield sseText({ type: 'content_block_stop', index: 0 });
  }
  yield sseText(beta ? betaMessageDelta(message) : messageDelta(message)) + sseText({ type: 'message_stop' });
}

function messageDelta(message: Message): RawMessageStreamEvent {
  const { stop_reason, stop_sequence, stop_details, container } = message;
  return {
    type: 'message_delta',
    delta: { stop_reason, stop_sequence, stop_details, container },
    usage: deltaUsage(message),
  };
}

function betaMessageDelta(message: Message): BetaRawMessageStreamEvent {
  const { stop_reason, stop_sequence, container } = asBetaMessage(message);
  const usage: BetaMessageDeltaUsage = { ...deltaUsage(message), fallback_credit: null, iterations: null };
  const delta = { stop_reason, stop_sequence, stop_details: null, container };
  return { type: 'message_delta', delta, usage, context_management: null };
}

function deltaUsage({ usage }: Message): MessageDeltaUsage {
  return {
    cache_creation_input_tokens: usage.cache_creation_input_tokens,
    cache_read_input_tokens: usage.cache_read_input_tokens,
    input_tokens: usage.input_tokens,
    output_tokens: usage.output_tokens,
    output_tokens_details: usage.output_tokens_details,
    server_tool_use: usage.server_tool_use,
  };
}

function* pieces(text: string, count: number): Generator<string> {
  const length = Math.max(1, Math.ceil(text.length / count));
  for (let from = 0; from < text.length; from += length) yield text.slice(from, from + length);
}
