import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MESSAGE, type Reply, sendJson, sendStream, sseBytes, streamEvents } from '../test/messages-server.ts';
import { observedClient, PARAMS, serve } from '../test/observed-client.ts';

const replies: Record<string, Reply> = {
  'a message': (response) => sendJson(response, MESSAGE),
  'a stream': (response) => sendStream(response, sseBytes(streamEvents(), '\r\n'), 37),
  'bytes that are not UTF-8': (response) => sendStream(response, Buffer.from([0xff, 0x0a, 0xc3, 0x28, 0x00]), 1),
  'an empty body': (response) => void response.writeHead(200).end(),
};
for (const [name, reply] of Object.entries(replies)) {
  it(`the caller sees the same with and without the meter: ${name}`, async () => {
    const server = await serve(reply);
    const { bare, client, events } = observedClient(server.url);
    const seen = [];
    for (const anthropic of [bare, client]) {
      const response = await anthropic.messages.create({ ...PARAMS, stream: true }).asResponse();
      const headers = [...response.headers].filter(([header]) => header !== 'date');
      const bytes = Buffer.from(await response.arrayBuffer());
      seen.push({ url: response.url, status: response.status, statusText: response.statusText, headers, bytes });
    }
    assert.deepEqual(seen[1], seen[0]);
    assert.equal(events.length, 1);
  });
}
