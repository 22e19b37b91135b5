import type { CacheControlEphemeral, MessageCountTokensParams } from '@anthropic-ai/sdk/resources/messages';

/** The parts of a request that Anthropic counts as the prompt. */
export type Prompt = Pick<MessageCountTokensParams, 'messages'> & {
  [Part in 'system' | 'tools' | 'cache_control']?: MessageCountTokensParams[Part] | undefined;
};

/** Prompt tokens by how they are billed; the three never overlap. */
export type PromptTokens = { uncached: number; cacheWrite5m: number; cacheWrite1h: number };

const CHARACTERS_PER_TOKEN = 4;
type Block = { cache_control?: CacheControlEphemeral | null; text?: unknown };

/**
 * Counts a prompt: a token is four characters of text (of JSON, for tools and blocks that are not text). What stands
 * up to a `cache_control` mark, in Anthropic's order tools, system, messages, is written to the cache with its TTL.
 */
export function promptTokens(prompt: Prompt): PromptTokens {
  const characters = { pending: 0, '5m': 0, '1h': 0 };
  const mark = (control: CacheControlEphemeral | null | undefined) => {
    if (!control) return;
    characters[control.ttl ?? '5m'] += characters.pending;
    characters.pending = 0;
  };
  for (const block of blocksOf(prompt)) {
    if (typeof block === 'string') characters.pending += block.length;
    else {
      characters.pending += typeof block.text === 'string' ? block.text.length : JSON.stringify(block).length;
      mark(block.cache_control);
    }
  }
  mark(prompt.cache_control);
  const tokens = (count: number) => Math.ceil(count / CHARACTERS_PER_TOKEN);
  return {
    uncached: tokens(characters.pending),
    cacheWrite5m: tokens(characters['5m']),
    cacheWrite1h: tokens(characters['1h']),
  };
}

/** All tokens of a prompt, as `count_tokens` answers. */
export function totalPromptTokens(prompt: Prompt): number {
  const { uncached, cacheWrite5m, cacheWrite1h } = promptTokens(prompt);
  return uncached + cacheWrite5m + cacheWrite1h;
}

function* blocksOf(prompt: Prompt): Generator<string | Block> {
  if (prompt.tools) yield* prompt.tools as Block[];
  if (typeof prompt.system === 'string') yield prompt.system;
  else if (prompt.system) yield* prompt.system;
  for (const { content } of prompt.messages) {
    if (typeof content === 'string') yield content;
    else yield* content as Block[];
  }
}
