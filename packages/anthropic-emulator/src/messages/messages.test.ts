import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { type Emulator, startEmulator } from '../emulator.ts';

const HAIKU = 'claude-haiku-5-5';
const hello = { model: HAIKU, max_tokens: 100, messages: [{ role: 'user' as const, content: 'Hello, Claude' }] };

let emulator: Emulator;
let client: Anthropic;

before(async () => {
  emulator = await startEmulator({
    streamChunks: 7,
    seed: { workspaces: [{ name: 'Production' }], apiKeys: [{ name: 'search', workspace: 'Production' }] },
  });
  client = new Anthropic({ baseURL: emulator.url, apiKey: emulator.secretOf('search'), maxRetries: 0 });
});
after(() => emulator.close());

test('a message carries every usage field, the same for the same request', async () => {
  const [first, second] = [await client.messages.create(hello), await client.messages.create(hello)];
  assert.deepEqual(first.usage, second.usage);
  assert.notEqual(first.id, second.id);
  assert.deepEqual(first.usage, {
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    inference_geo: 'global',
    input_tokens: 4,
    output_tokens: 12,
    output_tokens_details: { thinking_tokens: 0 },
    server_tool_use: null,
    service_tier: 'standard',
    speed: 'standard',
  });
});

test('speed and geography of the request come back in its usage', async () => {
  const { usage } = await client.messages.create({ ...hello, speed: 'fast', inference_geo: 'us' });
  assert.deepEqual([usage.speed, usage.inference_geo], ['fast', 'us']);
});

test('a sentinel decides all token counts', async () => {
  const user_id =
    'emulator:input=4808,output=10,cache_read=900,cache_5m=70,cache_1h=30,web_search=2,web_fetch=1,thinking=4';
  const { usage, stop_reason } = await client.messages.create({ ...hello, metadata: { user_id } });
  assert.equal(stop_reason, 'end_turn');
  assert.equal(usage.input_tokens, 4808);
  assert.equal(usage.output_tokens, 10);
  assert.equal(usage.cache_read_input_tokens, 900);
  assert.equal(usage.cache_creation_input_tokens, 100);
  assert.deepEqual(usage.cache_creation, { ephemeral_5m_input_tokens: 70, ephemeral_1h_input_tokens: 30 });
  assert.deepEqual(usage.server_tool_use, { web_search_requests: 2, web_fetch_requests: 1 });
  assert.deepEqual(usage.output_tokens_details, { thinking_tokens: 4 });
});

test('output never exceeds max_tokens, not even for a sentinel, and max_tokens 0 gives none', async () => {
  const metadata = { user_id: 'emulator:input=1,output=500' };
  const cut = await client.messages.create({ ...hello, max_tokens: 20, metadata });
  assert.deepEqual([cut.usage.output_tokens, cut.stop_reason], [20, 'max_tokens']);
  const none = await client.messages.create({ ...hello, max_tokens: 0 });
  assert.deepEqual([none.usage.output_tokens, none.content], [0, []]);
});

test('a broken sentinel is refused with the mistake named', async () => {
  for (const user_id of ['emulator:inputs=1', 'emulator:input=-1', 'emulator:input=', 'emulator:']) {
    const create = client.messages.create({ ...hello, metadata: { user_id } });
    await assert.rejects(
      create,
      (error) => error instanceof Anthropic.BadRequestError && /sentinel/.test(error.message),
    );
  }
});

test('a stream has the wanted number of deltas and ends with the same message and usage as JSON', async () => {
  const body = { ...hello, metadata: { user_id: 'emulator:input=50,output=64,cache_1h=8,web_search=1' } };
  const whole = await client.messages.create(body);
  const stream = client.messages.stream(body);
  const events: string[] = [];
  for await (const event of stream) {
    events.push(event.type);
    if (event.type === 'message_start') assert.equal(event.message.usage.output_tokens, 1, 'only a placeholder');
  }
  const streamed = await stream.finalMessage();
  const deltas = Array.from({ length: 7 }, () => 'content_block_delta');
  const end = ['content_block_stop', 'message_delta', 'message_stop'];
  assert.deepEqual(events, ['message_start', 'content_block_start', ...deltas, ...end]);
  assert.deepEqual(streamed.usage, whole.usage);
  assert.deepEqual(streamed.content, whole.content);
  assert.equal(streamed.stop_reason, 'end_turn');
});

test('a beta request is answered alike, with the members that only the beta has', async () => {
  const { usage } = await client.messages.create(hello);
  const betaHello = { ...hello, betas: ['context-management-2025-06-27'] };
  const beta = await client.beta.messages.create(betaHello);
  const streamed = await client.beta.messages.stream(betaHello).finalMessage();
  const byQuery: typeof beta = await client.post('/v1/messages?beta=true', { body: hello });
  assert.deepEqual(beta.usage, { ...usage, iterations: null, fallback_credit: null });
  assert.deepEqual(streamed.usage, beta.usage);
  assert.deepEqual(byQuery.usage, beta.usage);
  assert.equal(beta.context_management, null);
});

test('count_tokens agrees with the prompt tokens of the message, cached or not', async () => {
  const cached = {
    model: HAIKU,
    system: [
      {
        type: 'text' as const,
        text: 'x'.repeat(4000),
        cache_control: { type: 'ephemeral' as const, ttl: '1h' as const },
      },
    ],
    messages: hello.messages,
  };
  const { input_tokens } = await client.messages.countTokens(cached);
  const { usage } = await client.messages.create({ ...cached, max_tokens: 5 });
  assert.equal(usage.cache_creation?.ephemeral_1h_input_tokens, 1000);
  assert.equal(input_tokens, usage.input_tokens + 1000);
});

test('the headers of an answer name request, organization, workspace and rate limits', async () => {
  const { response, request_id } = await client.messages.create(hello).withResponse();
  const { organization, apiKeys } = emulator.summary();
  assert.match(request_id ?? '', /^req_01\w{22}$/);
  assert.equal(response.headers.get('anthropic-organization-id'), organization.id);
  assert.equal(response.headers.get('anthropic-workspace-id'), apiKeys[0]?.workspaceId);
  for (const bucket of ['requests', 'tokens', 'input-tokens', 'output-tokens']) {
    for (const part of ['limit', 'remaining', 'reset']) {
      assert.ok(response.headers.has(`anthropic-ratelimit-${bucket}-${part}`), `${bucket}-${part}`);
    }
  }
});

test('a key is accepted as bearer and as x-api-key; anything else is a 401 without a workspace', async () => {
  const call = (headers: Record<string, string>) =>
    fetch(`${emulator.url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', ...headers },
      body: JSON.stringify(hello),
    });
  const secret = emulator.secretOf('search');
  assert.equal((await call({ authorization: `Bearer ${secret}` })).status, 200);
  assert.equal((await call({ 'x-api-key': secret })).status, 200);
  for (const headers of [{}, { 'x-api-key': `${secret}x` }, { 'x-api-key': emulator.adminKey }]) {
    const refused = await call(headers);
    assert.equal(refused.status, 401);
    assert.equal(refused.headers.get('anthropic-workspace-id'), null);
    const body = (await refused.json()) as { type: string; error: { type: string }; request_id: string };
    assert.deepEqual([body.type, body.error.type], ['error', 'authentication_error']);
    assert.equal(body.request_id, refused.headers.get('request-id'));
  }
});

test('bad requests fail as at Anthropic: 400 for the body, the version and removed parameters, 404 for the model', async () => {
  const fails = async (body: object, status: number, message: RegExp, headers = {}) => {
    const call = client.post('/v1/messages', { body, headers });
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof Anthropic.APIError);
      assert.equal(error.status, status);
      assert.match(error.apiMessage ?? '', message);
      return true;
    });
  };
  await fails({ ...hello, max_tokens: -1 }, 400, /max_tokens/);
  await fails({ ...hello, messages: [{ role: 'user', content: '' }] }, 400, /messages\.0/);
  await fails({ ...hello, temperature: 1 }, 400, /temperature/);
  await fails({ ...hello, model: 'gpt-9' }, 404, /model: gpt-9/);
  await fails(hello, 400, /anthropic-version/, { 'anthropic-version': '1999-01-01' });
  await assert.rejects(client.get('/v1/nothing'), Anthropic.NotFoundError);
});

test('the summary adds up what each key was answered, field by field', async () => {
  emulator.reset();
  const metadata = { user_id: 'emulator:input=1000,output=10,cache_read=5,cache_5m=3,cache_1h=2,web_search=1' };
  for (let i = 0; i < 3; i++) await client.messages.create({ ...hello, metadata });
  await client.messages.stream({ ...hello, metadata }).finalMessage();
  assert.deepEqual(emulator.summary().apiKeys[0]?.usage, {
    requests: 4,
    inputTokens: 4000,
    outputTokens: 40,
    cacheReadInputTokens: 20,
    cacheCreation5mInputTokens: 12,
    cacheCreation1hInputTokens: 8,
    webSearchRequests: 4,
  });
});
