import diagnosticsChannel from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';

const CHANNEL = 'http.server.request.start';
const KEY_UPDATE = /^\/v1\/organizations\/api_keys\/([^/?]+)$/;

export type AdminPost = { apiKeyId: string; atMs: number };

/** Notes each change of a key that reaches an emulator in this process, the moment its headers are there. */
export function watchAdminPosts(): { posts: AdminPost[] } & Disposable {
  const posts: AdminPost[] = [];
  const note = (message: unknown) => {
    const { method, url = '' } = (message as { request: IncomingMessage }).request;
    const apiKeyId = KEY_UPDATE.exec(url)?.[1];
    if (method === 'POST' && apiKeyId) posts.push({ apiKeyId, atMs: performance.timeOrigin + performance.now() });
  };
  diagnosticsChannel.subscribe(CHANNEL, note);
  return { posts, [Symbol.dispose]: () => void diagnosticsChannel.unsubscribe(CHANNEL, note) };
}
