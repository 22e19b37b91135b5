import type {
  CacheControlEphemeral,
  MessageCountTokensTool,
  MessageParam,
  TextBlockParam,
} from '@anthropic-ai/sdk/resources/messages';
import { z } from 'zod';
import { badRequest, notFound } from '../errors.ts';

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown) => typeof value === 'string' && value.length > 0;
const areBlocks = (value: unknown) =>
  Array.isArray(value) && value.length > 0 && value.every((block) => isObject(block) && 'type' in block);

/** Checked only as far as the emulator looks into them; a deeper check would cost more than the rest of a request. */
const message = z.custom<MessageParam>(
  (value) =>
    isObject(value) &&
    'role' in value &&
    ['user', 'assistant', 'system'].includes(String(value.role)) &&
    'content' in value &&
    (isText(value.content) || areBlocks(value.content)),
  'needs a role (user, assistant, system) and non-empty content',
);
const cacheControl = z.custom<CacheControlEphemeral>(isObject, 'is not a cache_control');

/** The body of `POST /v1/messages/count_tokens`. */
export const countTokensRequest = z.object({
  model: z.string().min(1),
  messages: z.array(message).min(1),
  system: z.union([z.string(), z.array(z.custom<TextBlockParam>(isObject))]).optional(),
  tools: z.array(z.custom<MessageCountTokensTool>(isObject, 'is not a tool')).optional(),
  cache_control: cacheControl.nullish(),
});

/** The body of `POST /v1/messages`, JSON or streamed. Members that do not change the answer are ignored. */
export const messageRequest = countTokensRequest.extend({
  max_tokens: z.int().min(0),
  stream: z.boolean().optional(),
  metadata: z.object({ user_id: z.string().nullish() }).optional(),
  speed: z.enum(['standard', 'fast']).nullish(),
  inference_geo: z.string().nullish(),
  service_tier: z.enum(['auto', 'standard_only']).optional(),
  temperature: z.unknown().optional(),
  top_p: z.unknown().optional(),
  top_k: z.unknown().optional(),
});

export type MessageRequest = z.output<typeof messageRequest>;

/** Any `claude-…` id is served, also ones that no price list knows yet; everything else is a 404 as at Anthropic. */
export function assertModel(model: string): void {
  if (!model.startsWith('claude-')) throw notFound(`model: ${model}`);
}

/** API version 2026-10-21 removed the sampling parameters. */
export function assertNoRemovedParameters(request: MessageRequest, apiVersion: string): void {
  if (apiVersion < '2026-10-21') return;
  for (const name of ['temperature', 'top_p', 'top_k'] as const) {
    if (request[name] !== undefined) throw badRequest(`${name}: Extra inputs are not permitted`);
  }
}
