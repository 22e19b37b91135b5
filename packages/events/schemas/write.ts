/** Writes the JSON Schemas again after an optional field was added: `node packages/events/schemas/write.ts`. */
import { writeFile } from 'node:fs/promises';
import { renderSchemas } from './render.ts';

for (const [file, json] of renderSchemas()) await writeFile(new URL(file, import.meta.url), json);
