import { writeFileSync } from 'node:fs';
import { editorSchemaText } from '../src/editor-schema.ts';

writeFileSync(new URL('../schemas/bursar.schema.json', import.meta.url), editorSchemaText());
