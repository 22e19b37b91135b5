import type { Message } from '@anthropic-ai/sdk/resources/messages';
import { addToTally, emptyTally, type UsageTally } from './usage-tally.ts';

const MINUTE_MS = 60_000;
const LONG_CONTEXT_TOKENS = 200_000;

/** The dimensions by which Anthropic's own reports can tell requests of the Messages API apart. */
export type UsageDimensions = {
  readonly api_key_id: string;
  readonly workspace_id: string;
  readonly model: string;
  readonly service_tier: 'standard' | 'priority' | 'batch' | null;
  readonly speed: 'standard' | 'fast' | null;
  readonly inference_geo: 'global' | 'us' | null;
  readonly context_window: '0-200k' | '200k-1M';
};

/** What was used in one minute with the same dimensions. `minuteMs` is the minute's start, since 1970. */
export type UsageCell = { readonly minuteMs: number; readonly dimensions: UsageDimensions; readonly tally: UsageTally };
export type UsageLedger = Map<string, UsageCell>;

/** Books an answered message where the reports will find it. */
export function addToLedger(
  ledger: UsageLedger,
  apiKeyId: string,
  workspaceId: string,
  message: Message,
  nowMs: number,
): void {
  const { usage, model } = message;
  const minuteMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
  const geo = usage.inference_geo === 'us' || usage.inference_geo === 'global' ? usage.inference_geo : null;
  const prompt = usage.input_tokens + (usage.cache_creation_input_tokens ?? 0) + (usage.cache_read_input_tokens ?? 0);
  const window = prompt > LONG_CONTEXT_TOKENS ? '200k-1M' : '0-200k';
  const key = `${minuteMs} ${apiKeyId} ${workspaceId} ${model} ${usage.service_tier} ${usage.speed} ${geo} ${window}`;
  let cell = ledger.get(key);
  if (!cell) {
    const dimensions: UsageDimensions = {
      api_key_id: apiKeyId,
      workspace_id: workspaceId,
      model,
      service_tier: usage.service_tier,
      speed: usage.speed,
      inference_geo: geo,
      context_window: window,
    };
    cell = { minuteMs, dimensions, tally: emptyTally() };
    ledger.set(key, cell);
  }
  addToTally(cell.tally, usage);
}
