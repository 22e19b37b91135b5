import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { createEventReader, type ServerSentEvent } from './server-sent-events.ts';

const name = fc.constantFrom('message_start', 'ping', 'content_block_delta');
const data = fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify(text));
const events = fc.array(fc.record({ name, data }), { maxLength: 8 });

it('reads the same events however the bytes are cut, with LF and CRLF', () => {
  fc.assert(
    fc.property(events, fc.constantFrom('\n', '\r\n'), fc.integer({ min: 1, max: 9 }), (sent, newline, size) => {
      const lines = sent.map((event) => `event: ${event.name}${newline}data:${event.data}${newline}${newline}`);
      const bytes = Buffer.from(lines.join(''));
      const seen: ServerSentEvent[] = [];
      const read = createEventReader((event) => seen.push(event));
      for (let start = 0; start < bytes.length; start += size) read(bytes.subarray(start, start + size));
      assert.deepEqual(
        seen,
        sent.map(({ name, data }) => ({ name, data })),
      );
    }),
  );
});

it('keeps no name beyond its event, and ignores comments and other fields', () => {
  const seen: ServerSentEvent[] = [];
  createEventReader((event) => seen.push(event))(Buffer.from('event: a\n\n: hi\nid: 7\ndata:1\n\ndata:2'));
  assert.deepEqual(seen, [{ name: undefined, data: '1' }]);
});
