import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { decodeEvent, encodeEvent } from './cloudevent.ts';

const root = new URL('../fixtures/', import.meta.url);
const STRUCTURED = { 'content-type': 'application/cloudevents+json' };
/** Everything ever released, by folder; names are added, never taken away, and no file is ever edited. */
const RELEASED = {
  'emitter.v1': ['closed', 'heartbeat', 'started'],
  'standing.v1': ['key-active', 'key-suspended', 'principal-suspended', 'role-suspended'],
  'usage.v1': [
    'batch-created',
    'cache',
    'cancelled',
    'complete',
    'error',
    'iterations',
    'minimal',
    'stream',
    'transport-error',
  ],
};

for (const [folder, names] of Object.entries(RELEASED)) {
  describe(`the released events of ${folder}`, () => {
    it('are all here', async () => {
      const files = await readdir(new URL(`${folder}/`, root));
      assert.deepEqual(
        files.sort(),
        names.map((name) => `${name}.json`),
      );
    });
    for (const name of names) {
      it(`parse for ever, losing nothing: ${name}`, async () => {
        const value = await readFile(new URL(`${folder}/${name}.json`, root));
        const decoded = decodeEvent({ value, headers: STRUCTURED });
        assert.ok(decoded.ok, JSON.stringify(decoded));
        const { datacontenttype: _, ...released } = JSON.parse(value.toString());
        assert.deepEqual(JSON.parse(JSON.stringify(decoded.event)), released);
        const again = encodeEvent(decoded.event);
        assert.deepEqual(decodeEvent({ value: Buffer.from(again.value), headers: again.headers }), decoded);
      });
    }
  });
}
