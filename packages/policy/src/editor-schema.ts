import { z } from 'zod';
import { policyFile } from './policy-file.ts';

/** The JSON Schema (draft 7) by which editors complete and check `bursar.yaml`; fields and units, not references. */
export function editorSchema(): object {
  const title = 'Bursar policy file';
  return { title, ...z.toJSONSchema(policyFile, { io: 'input', target: 'draft-7' }) };
}

/** The text of `schemas/bursar.schema.json`. */
export function editorSchemaText(): string {
  return `${JSON.stringify(editorSchema(), null, 2)}\n`;
}
