import type { UsageCounters } from '@bursar/events/usage-event';

/** One step of a request, or all of it. `model` where the step ran on another one than the request. */
export type BilledStep = Pick<
  UsageCounters,
  'input_tokens' | 'output_tokens' | 'cache_creation_input_tokens' | 'cache_read_input_tokens' | 'cache_creation'
> & { readonly model?: string | null | undefined };

/** Tokens by the kinds that have a price of their own. */
export type Tokens = {
  input: number;
  output: number;
  cacheRead: number;
  /** Writes whose lifetime is not told count here: 5 minutes is the default. */
  cacheWrite5m: number;
  cacheWrite1h: number;
};

/**
 * What Anthropic bills: where a request ran in several steps, those; the top level then repeats the ones that sampled the
 * answer. Without such a step (compaction alone) the top level is billed beside them.
 */
export function billedSteps(usage: UsageCounters): readonly BilledStep[] {
  const { iterations } = usage;
  if (!iterations) return [usage];
  return iterations.some(({ type }) => type === 'message' || type === 'fallback_message')
    ? iterations
    : [usage, ...iterations];
}

/** The tokens of one step by kind. */
export function tokensOf(step: BilledStep): Tokens {
  const cacheWrite1h = step.cache_creation?.ephemeral_1h_input_tokens ?? 0;
  return {
    input: step.input_tokens,
    output: step.output_tokens,
    cacheRead: step.cache_read_input_tokens ?? 0,
    cacheWrite5m: Math.max(step.cache_creation_input_tokens ?? 0, splitWrites(step)) - cacheWrite1h,
    cacheWrite1h,
  };
}

/** Whether it is told how long each cache write lives. */
export function splitIsKnown(step: BilledStep): boolean {
  const total = step.cache_creation_input_tokens;
  return total === undefined || total === null || total === splitWrites(step);
}

/** The tokens of all that is billed. */
export function billedTokens(usage: UsageCounters): Tokens {
  return billedSteps(usage).map(tokensOf).reduce(add);
}

function splitWrites({ cache_creation: split }: BilledStep): number {
  return (split?.ephemeral_5m_input_tokens ?? 0) + (split?.ephemeral_1h_input_tokens ?? 0);
}

function add(a: Tokens, b: Tokens): Tokens {
  return {
    input: a.input + b.input,
    output: a.output + b.output,
    cacheRead: a.cacheRead + b.cacheRead,
    cacheWrite5m: a.cacheWrite5m + b.cacheWrite5m,
    cacheWrite1h: a.cacheWrite1h + b.cacheWrite1h,
  };
}
