import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Reply = (response: ServerResponse, request: IncomingMessage, attempt: number) => void | Promise<void>;

export type MessagesServer = {
  readonly url: string;
  /** How many requests came. */
  readonly requests: () => number;
  /** Resolves when a client has closed a connection on an unfinished answer. */
  readonly abandoned: Promise<unknown>;
  stop(): Promise<void>;
};

/** A loopback server that answers every request with `reply`. */
export async function startMessagesServer(reply: Reply): Promise<MessagesServer> {
  let requests = 0;
  let onAbandoned: (value?: unknown) => void = () => undefined;
  const abandoned = new Promise((resolve) => {
    onAbandoned = resolve;
  });
  const server = createServer(async (request, response) => {
    const attempt = requests++;
    for await (const _ of request);
    response.on('close', () => response.writableFinished || onAbandoned());
    await reply(response, request, attempt);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    abandoned,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export const USAGE = {
  input_tokens: 120,
  output_tokens: 42,
  cache_creation_input_tokens: 30,
  cache_read_input_tokens: 900,
  cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
  server_tool_use: { web_search_requests: 1, web_fetch_requests: 0 },
  service_tier: 'standard',
  speed: 'standard',
  inference_geo: 'us',
};

export const MESSAGE = {
  id: 'msg_01',
  type: 'message',
  role: 'assistant',
  model: 'claude-haiku-5-5-20261007',
  content: [{ type: 'text', text: 'Grüße, 世界 🌍' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: USAGE,
};

const HEADERS = {
  'request-id': 'req_01',
  'anthropic-organization-id': 'org-1',
  'anthropic-workspace-id': 'wrkspc_1',
};

export function sendJson(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { ...HEADERS, 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

export function sendError(response: ServerResponse, status: number, type: string): void {
  sendJson(response, { type: 'error', error: { type, message: 'no' }, request_id: 'req_01' }, status, {
    'retry-after-ms': '1',
  });
}

export const DELTAS = ['Grüße, ', '世界 ', '🌍', ' and more', ' and more'];

/** The events of one streamed message; its final usage is `USAGE`. */
export function streamEvents(): { type: string }[] {
  const start = { ...MESSAGE, content: [], stop_reason: null, usage: { ...USAGE, output_tokens: 1 } };
  return [
    { type: 'message_start', message: start } as { type: string },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } } as { type: string },
    { type: 'ping' },
    ...DELTAS.map((text) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
    { type: 'content_block_stop', index: 0 } as { type: string },
    {
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { input_tokens: 120, output_tokens: 42, cache_creation_input_tokens: null, cache_read_input_tokens: 900 },
    } as { type: string },
    { type: 'message_stop' },
  ];
}

export function sseBytes(events: readonly { type: string }[], newline = '\n'): Buffer {
  const lines = events.map(
    (event) => `event: ${event.type}${newline}data: ${JSON.stringify(event)}${newline}${newline}`,
  );
  return Buffer.from(lines.join(''));
}

export function openStream(response: ServerResponse): void {
  response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream; charset=utf-8' });
}

/** Writes the bytes in pieces of `pieceBytes`, each in a network write of its own, and ends. */
export async function sendStream(response: ServerResponse, bytes: Buffer, pieceBytes = bytes.length): Promise<void> {
  openStream(response);
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    response.write(bytes.subarray(start, start + pieceBytes));
    await new Promise(setImmediate);
  }
  response.end();
}

/** A credential of Anthropic's shape that exists nowhere. */
export function freshKey(): string {
  return `sk-ant-api03-${randomBytes(60).toString('base64url')}AA`;
}
