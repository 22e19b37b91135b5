import type { BetaMessage } from '@anthropic-ai/sdk/resources/beta/messages/messages';
import type { Message, Usage } from '@anthropic-ai/sdk/resources/messages';
import type { MessageRequest } from './message-request.ts';
import { promptTokens } from './prompt-tokens.ts';
import { parseUsageSentinel } from './usage-sentinel.ts';

const CHARACTERS_PER_TOKEN = 4;
const MAX_TEXT_LENGTH = 64 * 1024;
const FILLER = 'The quick brown fox jumps over the lazy dog. '.repeat(Math.ceil(MAX_TEXT_LENGTH / 45));

/**
 * The answer to a request, the same for the same request. The counts come from its sentinel where it has one, else from
 * its text; output never exceeds `max_tokens`, whatever the sentinel says, as no real answer does.
 */
export function createMessage(request: MessageRequest, id: string, workspaceGeo: string): Message {
  const { usage, stopReason } = usageOf(request, workspaceGeo);
  const text = FILLER.slice(0, Math.min(usage.output_tokens * CHARACTERS_PER_TOKEN, MAX_TEXT_LENGTH));
  return {
    id,
    container: null,
    content: text === '' ? [] : [{ type: 'text', text, citations: null }],
    diagnostics: null,
    model: request.model,
    role: 'assistant',
    stop_details: null,
    stop_reason: stopReason,
    stop_sequence: null,
    type: 'message',
    usage,
  };
}

function usageOf(request: MessageRequest, workspaceGeo: string): { usage: Usage; stopReason: Message['stop_reason'] } {
  const sentinel = parseUsageSentinel(request.metadata?.user_id);
  const prompt = sentinel?.input === undefined ? promptTokens(request) : undefined;
  const input = sentinel?.input ?? prompt?.uncached ?? 0;
  const cache5m = sentinel ? (sentinel.cache_5m ?? 0) : (prompt?.cacheWrite5m ?? 0);
  const cache1h = sentinel ? (sentinel.cache_1h ?? 0) : (prompt?.cacheWrite1h ?? 0);
  const wantedOutput = sentinel?.output ?? 8 + ((input + cache5m + cache1h) % 57);
  const output = Math.min(wantedOutput, request.max_tokens);
  const usage: Usage = {
    cache_creation: { ephemeral_5m_input_tokens: cache5m, ephemeral_1h_input_tokens: cache1h },
    cache_creation_input_tokens: cache5m + cache1h,
    cache_read_input_tokens: sentinel?.cache_read ?? 0,
    inference_geo: request.inference_geo ?? workspaceGeo,
    input_tokens: input,
    output_tokens: output,
    output_tokens_details: { thinking_tokens: Math.min(sentinel?.thinking ?? 0, output) },
    server_tool_use:
      sentinel?.web_search || sentinel?.web_fetch
        ? { web_search_requests: sentinel.web_search ?? 0, web_fetch_requests: sentinel.web_fetch ?? 0 }
        : null,
    service_tier: 'standard',
    speed: request.speed ?? 'standard',
  };
  return { usage, stopReason: output < wantedOutput || request.max_tokens === 0 ? 'max_tokens' : 'end_turn' };
}

/** The same answer in the shape of the beta API (`?beta=true`). */
export function asBetaMessage(message: Message): BetaMessage {
  return {
    id: message.id,
    container: null,
    content: message.content.filter((block) => block.type === 'text'),
    context_management: null,
    diagnostics: null,
    model: message.model,
    role: 'assistant',
    stop_details: null,
    stop_reason: message.stop_reason,
    stop_sequence: null,
    type: 'message',
    usage: { ...message.usage, fallback_credit: null, iterations: null },
  };
}
