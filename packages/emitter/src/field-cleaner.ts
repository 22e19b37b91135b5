import type { UsageCounters } from '@bursar/events/usage-event';

/** What the event schema refuses in a text, beside its length. */
const FORBIDDEN = /[\p{Cc}\p{Cs}]/gu;
const SECRET = /sk-ant-[\w-]{20,}/;

const MAX_TAGS = 16;
const MAX_COUNT = 1_000_000_000;
const MAX_ITERATIONS = 64;

export type FieldCleaner = {
  /** A text the schema accepts, cut and with forbidden characters replaced; undefined when nothing can be kept. */
  text(field: string, value: unknown, maxChars: number): string | undefined;
  tags(tags: Readonly<Record<string, unknown>>): Record<string, string>;
  /** A count within the schema's range, else undefined. */
  count(field: string, value: unknown): number | undefined;
  /** Anthropic's counters; undefined when the two that always exist are missing or senseless. */
  usage(raw: unknown): UsageCounters | undefined;
};

/**
 * Makes values fit the event schema, so that a strange value costs one field and never the event.
 * `onCleaned` hears the name of each field that was changed or left out, never its value.
 */
export function createFieldCleaner(onCleaned: (field: string) => void): FieldCleaner {
  function text(field: string, value: unknown, maxChars: number): string | undefined {
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'string' || value === '' || SECRET.test(value)) {
      onCleaned(field);
      return undefined;
    }
    if (value.length <= maxChars && value.search(FORBIDDEN) === -1) return value;
    onCleaned(field);
    return value.slice(0, maxChars).replace(FORBIDDEN, '\ufffd');
  }

  function tags(given: Readonly<Record<string, unknown>>): Record<string, string> {
    const names = Object.keys(given);
    const kept: [string, string][] = [];
    for (const name of names) {
      if (kept.length === MAX_TAGS) {
        onCleaned('tags');
        break;
      }
      const key = text('tags', name, 64);
      const value = text('tags', given[name], 256);
      if (key !== undefined && value !== undefined && key !== '__proto__') kept.push([key, value]);
    }
    return Object.fromEntries(kept);
  }

  function count(field: string, value: unknown): number | undefined {
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= MAX_COUNT) return value;
    onCleaned(field);
    return undefined;
  }

  function cacheCreation(raw: unknown): UsageCounters['cache_creation'] {
    if (!isRecord(raw)) return undefined;
    return {
      ephemeral_5m_input_tokens: count('usage', raw['ephemeral_5m_input_tokens']),
      ephemeral_1h_input_tokens: count('usage', raw['ephemeral_1h_input_tokens']),
    };
  }

  /** The counters that a whole request and each of its iterations share. */
  function tokens(raw: Record<string, unknown>) {
    const input = count('usage', raw['input_tokens']);
    const output = count('usage', raw['output_tokens']);
    if (input === undefined || output === undefined) return undefined;
    return {
      input_tokens: input,
      output_tokens: output,
      cache_creation_input_tokens: count('usage', raw['cache_creation_input_tokens']),
      cache_read_input_tokens: count('usage', raw['cache_read_input_tokens']),
      cache_creation: cacheCreation(raw['cache_creation']),
    };
  }

  function iterations(raw: unknown): UsageCounters['iterations'] {
    if (!Array.isArray(raw)) return undefined;
    if (raw.length > MAX_ITERATIONS) onCleaned('usage');
    return raw.slice(0, MAX_ITERATIONS).flatMap((item: unknown) => {
      if (!isRecord(item)) return [];
      const counters = tokens(item);
      const type = text('usage', item['type'], 64);
      return counters && type ? [{ type, model: text('usage', item['model'], 128), ...counters }] : [];
    });
  }

  function usage(raw: unknown): UsageCounters | undefined {
    if (!isRecord(raw)) return undefined;
    const counters = tokens(raw);
    if (!counters) return undefined;
    const details = raw['output_tokens_details'];
    const tools = raw['server_tool_use'];
    return {
      ...counters,
      output_tokens_details: isRecord(details)
        ? { thinking_tokens: count('usage', details['thinking_tokens']) }
        : undefined,
      server_tool_use: isRecord(tools)
        ? {
            web_search_requests: count('usage', tools['web_search_requests']),
            web_fetch_requests: count('usage', tools['web_fetch_requests']),
          }
        : undefined,
      iterations: iterations(raw['iterations']),
    };
  }

  return { text, tags, count, usage };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
