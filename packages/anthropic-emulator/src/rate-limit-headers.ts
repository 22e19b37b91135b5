import { timestamp } from './clock.ts';

const LIMITS = { requests: 4_000, 'input-tokens': 2_000_000, 'output-tokens': 400_000 } as const;
const MINUTE_MS = 60_000;

/**
 * Counts a minute's traffic and writes it as Anthropic's `anthropic-ratelimit-*` headers. It reports, it never refuses:
 * a 429 comes from a fault rule, so that the load a test can make does not depend on these numbers.
 */
export function createRateLimitHeaders(): (
  nowMs: number,
  used: { inputTokens: number; outputTokens: number },
) => Record<string, string> {
  let minute = -1;
  let reset = '';
  let spent = { requests: 0, 'input-tokens': 0, 'output-tokens': 0 };
  return (nowMs, used) => {
    const current = Math.floor(nowMs / MINUTE_MS);
    if (current !== minute) {
      minute = current;
      reset = timestamp((current + 1) * MINUTE_MS);
      spent = { requests: 0, 'input-tokens': 0, 'output-tokens': 0 };
    }
    spent.requests += 1;
    spent['input-tokens'] += used.inputTokens;
    spent['output-tokens'] += used.outputTokens;
    const left = (name: keyof typeof LIMITS) => Math.max(0, LIMITS[name] - spent[name]);
    const bucket = (name: string, limit: number, remaining: number) => ({
      [`anthropic-ratelimit-${name}-limit`]: String(limit),
      [`anthropic-ratelimit-${name}-remaining`]: String(remaining),
      [`anthropic-ratelimit-${name}-reset`]: reset,
    });
    return {
      ...bucket('requests', LIMITS.requests, left('requests')),
      ...bucket(
        'tokens',
        LIMITS['input-tokens'] + LIMITS['output-tokens'],
        left('input-tokens') + left('output-tokens'),
      ),
      ...bucket('input-tokens', LIMITS['input-tokens'], left('input-tokens')),
      ...bucket('output-tokens', LIMITS['output-tokens'], left('output-tokens')),
    };
  };
}
