import { once } from 'node:events';
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Message } from '@anthropic-ai/sdk/resources/messages';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { EmulatorContext } from '../context.ts';
import { errorBody } from '../errors.ts';
import { sseText, streamedMessage } from './sse.ts';

/** Streams a message to the caller, stops when the caller leaves, and plays the stream faults of the request. */
export async function sendStream(
  context: EmulatorContext,
  request: FastifyRequest,
  reply: FastifyReply,
  message: Message,
  beta: boolean,
): Promise<FastifyReply> {
  const fault = request.faults.find(({ kind }) => kind === 'stream_error' || kind === 'stream_cut');
  const afterDeltas = fault && 'afterDeltas' in fault ? fault.afterDeltas : Number.POSITIVE_INFINITY;
  const raw: ServerResponse = reply.hijack().raw;
  raw.writeHead(200, {
    ...(reply.getHeaders() as OutgoingHttpHeaders),
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
  });
  let deltas = 0;
  for (const text of streamedMessage(message, context.streamChunks, beta)) {
    if (text.startsWith('event: content_block_delta') && ++deltas > afterDeltas) break;
    if (!(await write(raw, text))) return reply;
    if (context.streamChunkDelayMs > 0) await sleep(context.streamChunkDelayMs, undefined, { ref: false });
  }
  if (fault?.kind === 'stream_cut') {
    // Node corks what was written in this turn; without another turn the deltas before the cut would be lost too.
    await nextTurn();
    raw.destroy();
  } else if (fault) raw.end(sseText(errorBody('overloaded_error', 'Overloaded (fault rule).', request.id)));
  else raw.end();
  return reply;
}

/** Writes and waits for the reader; false when the caller has hung up. */
async function write(raw: ServerResponse, text: string): Promise<boolean> {
  if (raw.destroyed) return false;
  if (!raw.write(text)) {
    const waiting = new AbortController();
    const { signal } = waiting;
    await Promise.race([once(raw, 'drain', { signal }), once(raw, 'close', { signal })]).finally(() => waiting.abort());
  }
  return !raw.destroyed;
}
