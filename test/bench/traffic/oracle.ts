import type { UsageEvent } from '@bursar/events/cloudevent';
import type { Oracle } from '../../harness/traffic.ts';

/** Pico-dollars per token: input, output, cache read, cache write for 5 minutes, for an hour. */
const PICO_PER_TOKEN: Record<string, readonly [bigint, bigint, bigint, bigint, bigint]> = {
  'claude-haiku-4-5': [1_000_000n, 5_000_000n, 100_000n, 1_250_000n, 2_000_000n],
  'claude-sonnet-4-5': [3_000_000n, 15_000_000n, 300_000n, 3_750_000n, 6_000_000n],
};

export function emptyOracle(): Oracle {
  return { requests: 0, inputTokens: 0, outputTokens: 0, costPicoUsd: 0n };
}

/** Adds an event. Plain arithmetic: it shares no code with the pipeline. */
export function addToOracle(sum: Oracle, { data }: UsageEvent): void {
  const usage = data.usage!;
  const [input, output, read, write5m, write1h] = PICO_PER_TOKEN[data.requestedModel]!;
  sum.requests++;
  sum.inputTokens += usage.input_tokens;
  sum.outputTokens += usage.output_tokens;
  sum.costPicoUsd +=
    BigInt(usage.input_tokens) * input +
    BigInt(usage.output_tokens) * output +
    BigInt(usage.cache_read_input_tokens!) * read +
    BigInt(usage.cache_creation!.ephemeral_5m_input_tokens!) * write5m +
    BigInt(usage.cache_creation!.ephemeral_1h_input_tokens!) * write1h;
}
