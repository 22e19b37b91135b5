import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { startEmulator } from '@bursar/anthropic-emulator/emulator';
import { createMeter } from '@bursar/emitter';

const params = { model: 'claude-haiku-5-5', max_tokens: 64, messages: [{ role: 'user' as const, content: 'hello' }] };
/** Nobody listens there. */
const DEAD_BROKER = '127.0.0.1:1';

/** What a caller sees of a call: status, the bytes of the body, or the error; without what differs from call to call. */
async function seen(anthropic: Anthropic, stream: boolean, model = params.model): Promise<unknown> {
  const pending = anthropic.messages.create({ ...params, model, stream } as Anthropic.MessageCreateParamsNonStreaming);
  const response = await pending.asResponse().catch((error: Error) => ({ error: error.name, message: error.message }));
  if (!(response instanceof Response)) return JSON.parse(JSON.stringify(response).replaceAll(/req_\w+/g, 'req'));
  const body = (await response.text()).replaceAll(/(msg|req)_\w+/g, '$1');
  return { status: response.status, contentType: response.headers.get('content-type'), body };
}

test('a caller sees the same with the meter as without, though Kafka is dead', async () => {
  const emulator = await startEmulator({
    seed: { organization: { name: 'Acme' }, workspaces: [{ name: 'W' }], apiKeys: [{ name: 'k', workspace: 'W' }] },
  });
  const meter = createMeter({ service: 'search', role: 'USER', kafka: { brokers: [DEAD_BROKER] } });
  const options = { apiKey: emulator.secretOf('k'), baseURL: emulator.url, maxRetries: 0 };
  const bare = new Anthropic(options);
  const metered = new Anthropic({ ...options, middleware: [meter.middleware] });
  for (const stream of [false, true]) assert.deepEqual(await seen(metered, stream), await seen(bare, stream));
  for (const status of [400, 429, 500, 529]) {
    for (const client of [metered, bare]) {
      emulator.addFault({
        method: 'POST',
        path: '/v1/messages',
        times: 1,
        fault: { kind: 'error', status, shouldRetry: false },
      });
      const answer = (await seen(client, false)) as { error?: string; message?: string };
      assert.ok(answer.error, `${status} is an error for the caller`);
      assert.match(String(answer.message), new RegExp(String(status)));
    }
  }
  const stats = meter.stats();
  assert.equal(stats.recorded, 6);
  assert.equal(
    stats.pending + Object.values(stats.dropped).reduce((sum, count) => sum + count, 0),
    6,
    'nothing is lost unseen',
  );
  await meter.close(200);
  await emulator.close();
});
