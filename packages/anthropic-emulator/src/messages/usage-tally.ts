import type { Usage } from '@anthropic-ai/sdk/resources/messages';

/** What one key used, as the emulated Anthropic would bill it: the oracle that sums elsewhere are compared with. */
export type UsageTally = {
  requests: number;
  inputTokens: number;
  outputTokens: number;
  cacheReadInputTokens: number;
  cacheCreation5mInputTokens: number;
  cacheCreation1hInputTokens: number;
  webSearchRequests: number;
};

export const emptyTally = (): UsageTally => ({
  requests: 0,
  inputTokens: 0,
  outputTokens: 0,
  cacheReadInputTokens: 0,
  cacheCreation5mInputTokens: 0,
  cacheCreation1hInputTokens: 0,
  webSearchRequests: 0,
});

export function addToTally(tally: UsageTally, usage: Usage): void {
  tally.requests += 1;
  tally.inputTokens += usage.input_tokens;
  tally.outputTokens += usage.output_tokens;
  tally.cacheReadInputTokens += usage.cache_read_input_tokens ?? 0;
  tally.cacheCreation5mInputTokens += usage.cache_creation?.ephemeral_5m_input_tokens ?? 0;
  tally.cacheCreation1hInputTokens += usage.cache_creation?.ephemeral_1h_input_tokens ?? 0;
  tally.webSearchRequests += usage.server_tool_use?.web_search_requests ?? 0;
}
