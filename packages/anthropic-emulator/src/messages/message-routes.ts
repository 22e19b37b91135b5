import { setTimeout as sleep } from 'node:timers/promises';
import type { Message, MessageTokensCount } from '@anthropic-ai/sdk/resources/messages';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { apiVersion } from '../authentication.ts';
import type { EmulatorContext } from '../context.ts';
import { createRateLimitHeaders } from '../rate-limit-headers.ts';
import { asBetaMessage, createMessage } from './message.ts';
import {
  assertModel,
  assertNoRemovedParameters,
  countTokensRequest,
  type MessageRequest,
  messageRequest,
} from './message-request.ts';
import { totalPromptTokens } from './prompt-tokens.ts';
import { sendStream } from './send-stream.ts';
import { addToLedger } from './usage-ledger.ts';
import { addToTally } from './usage-tally.ts';

/** `POST /v1/messages` (JSON and server-sent events; `?beta=true` alike) and `POST /v1/messages/count_tokens`. */
export const messageRoutes =
  (context: EmulatorContext): FastifyPluginAsyncZod =>
  async (app) => {
    const rateLimitHeaders = createRateLimitHeaders();

    app.post('/v1/messages', { schema: { body: messageRequest } }, async (request, reply) => {
      const { record, workspaceId } = request.caller!;
      const message = answer(context, request.body, request, workspaceId);
      if (context.requestLatencyMs > 0) await sleep(context.requestLatencyMs, undefined, { ref: false });
      const nowMs = context.clock.nowMs();
      addToTally(record.tally, message.usage);
      addToLedger(context.organization.ledger, record.key.id, workspaceId, message, nowMs);
      reply.headers(rateLimitHeaders(nowMs, rateLimited(message)));
      const beta = isBeta(request);
      return request.body.stream ? sendStream(context, request, reply, message, beta) : send(reply, message, beta);
    });

    app.post('/v1/messages/count_tokens', { schema: { body: countTokensRequest } }, async (request) => {
      assertModel(request.body.model);
      return { input_tokens: totalPromptTokens(request.body) } satisfies MessageTokensCount;
    });
  };

function answer(context: EmulatorContext, body: MessageRequest, request: FastifyRequest, workspaceId: string): Message {
  assertModel(body.model);
  assertNoRemovedParameters(body, apiVersion(request.headers));
  const { workspace } = context.organization.workspaces.get(workspaceId)!;
  return createMessage(body, context.nextMessageId(), workspace.data_residency.default_inference_geo);
}

/** SDK 1.x marks a beta request by its `anthropic-beta` header alone; earlier ones also by `?beta=true`. */
const isBeta = ({ headers, query }: FastifyRequest) =>
  headers['anthropic-beta'] !== undefined || (query as { beta?: string }).beta === 'true';

const send = (reply: FastifyReply, message: Message, beta: boolean) =>
  reply.send(beta ? asBetaMessage(message) : message);

/** Anthropic's input limit counts uncached input and cache writes, not cache reads. */
const rateLimited = ({ usage }: Message) => ({
  inputTokens: usage.input_tokens + (usage.cache_creation_input_tokens ?? 0),
  outputTokens: usage.output_tokens,
});
