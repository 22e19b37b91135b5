import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { it } from 'node:test';
import { renderSchemas } from '../schemas/render.ts';

const folder = new URL('../schemas/', import.meta.url);

it('has committed JSON Schemas that say what the code accepts (else run `node packages/events/schemas/write.ts`)', async () => {
  const rendered = renderSchemas();
  const committed = (await readdir(folder)).filter((file) => file.endsWith('.json'));
  assert.deepEqual(committed.sort(), [...rendered.keys()].sort());
  for (const [file, json] of rendered) assert.equal(await readFile(new URL(file, folder), 'utf8'), json, file);
});
