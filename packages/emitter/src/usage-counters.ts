import type { UsageCounters } from '@bursar/events/usage-event';
import { type FieldCleaner, isRecord } from './field-cleaner.ts';

const MAX_ITERATIONS = 64;

/** Anthropic's counters as the event schema wants them; undefined when the two that always exist are missing or senseless. */
export function usageCountersOf(raw: unknown, clean: FieldCleaner): UsageCounters | undefined {
  const record = isRecord(raw) ? raw : {};
  const counters = tokensOf(record, clean);
  if (!counters) return undefined;
  const { output_tokens_details: details, server_tool_use: tools } = record;
  return {
    ...counters,
    output_tokens_details: isRecord(details)
      ? { thinking_tokens: clean.count('usage', details['thinking_tokens']) }
      : undefined,
    server_tool_use: isRecord(tools)
      ? {
          web_search_requests: clean.count('usage', tools['web_search_requests']),
          web_fetch_requests: clean.count('usage', tools['web_fetch_requests']),
        }
      : undefined,
    iterations: iterationsOf(record['iterations'], clean),
  };
}

/** The counters that a whole request and each of its iterations share. */
function tokensOf(raw: Record<string, unknown>, clean: FieldCleaner) {
  const input = clean.count('usage', raw['input_tokens']);
  const output = clean.count('usage', raw['output_tokens']);
  if (input === undefined || output === undefined) return undefined;
  const cache = raw['cache_creation'];
  return {
    input_tokens: input,
    output_tokens: output,
    cache_creation_input_tokens: clean.count('usage', raw['cache_creation_input_tokens']),
    cache_read_input_tokens: clean.count('usage', raw['cache_read_input_tokens']),
    cache_creation: isRecord(cache)
      ? {
          ephemeral_5m_input_tokens: clean.count('usage', cache['ephemeral_5m_input_tokens']),
          ephemeral_1h_input_tokens: clean.count('usage', cache['ephemeral_1h_input_tokens']),
        }
      : undefined,
  };
}

function iterationsOf(raw: unknown, clean: FieldCleaner): UsageCounters['iterations'] {
  if (!Array.isArray(raw)) return undefined;
  return raw.slice(0, MAX_ITERATIONS).flatMap((item: unknown) => {
    if (!isRecord(item)) return [];
    const counters = tokensOf(item, clean);
    const type = clean.text('usage', item['type'], 64);
    return counters && type ? [{ type, model: clean.text('usage', item['model'], 128), ...counters }] : [];
  });
}
