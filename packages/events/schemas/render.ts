import { z } from 'zod';
import { eventSchemas } from '../src/cloudevent.ts';

const FILES = {
  'usage.v1.json': eventSchemas.usage,
  'emitter.v1.json': eventSchemas.emitter,
  'standing.v1.json': eventSchemas.standing,
};

/** The JSON Schema of each event as it stands on the wire, by file name. */
export function renderSchemas(): Map<string, string> {
  const rendered = Object.entries(FILES).map(([file, schema]): [string, string] => {
    const json = z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' });
    return [file, `${JSON.stringify(json, null, 2)}\n`];
  });
  return new Map(rendered);
}
