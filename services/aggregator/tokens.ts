import type { UsageCounters } from '@bursar/events/usage-event';

/** Tokens by the kinds that have a price of their own. */
export type Tokens = {
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite5m: number;
  cacheWrite1h: number;
  webSearches: number;
};

const NONE: Tokens = { input: 0, output: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, webSearches: 0 };

type Step = Omit<UsageCounters, 'iterations' | 'server_tool_use' | 'output_tokens_details'>;

/**
 * The tokens that are billed: where a request ran in several steps, those of every step
 * (the top level then repeats only those that sampled the answer).
 */
export function billedTokens(usage: UsageCounters | undefined): Tokens {
  if (usage === undefined) return NONE;
  const steps = usage.iterations ?? [];
  const stepsHoldAll = steps.some((step) => step.type === 'message' || step.type === 'fallback_message');
  const billed: readonly Step[] = stepsHoldAll ? steps : [usage, ...steps];
  const tokens = billed.map(tokensOf).reduce(add);
  return { ...tokens, webSearches: usage.server_tool_use?.web_search_requests ?? 0 };
}

/** Cache writes whose lifetime is not told are 5-minute writes, the default. */
function tokensOf(step: Step): Tokens {
  const split5m = step.cache_creation?.ephemeral_5m_input_tokens ?? 0;
  const cacheWrite1h = step.cache_creation?.ephemeral_1h_input_tokens ?? 0;
  const writes = Math.max(step.cache_creation_input_tokens ?? 0, split5m + cacheWrite1h);
  return {
    input: step.input_tokens,
    output: step.output_tokens,
    cacheRead: step.cache_read_input_tokens ?? 0,
    cacheWrite5m: writes - cacheWrite1h,
    cacheWrite1h,
    webSearches: 0,
  };
}

function add(a: Tokens, b: Tokens): Tokens {
  return {
    input: a.input + b.input,
    output: a.output + b.output,
    cacheRead: a.cacheRead + b.cacheRead,
    cacheWrite5m: a.cacheWrite5m + b.cacheWrite5m,
    cacheWrite1h: a.cacheWrite1h + b.cacheWrite1h,
    webSearches: a.webSearches + b.webSearches,
  };
}
