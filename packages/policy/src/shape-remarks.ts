import { z } from 'zod';
import type { Remark } from './raw-policy.ts';
import { didYouMean, notBuilt } from './wanted.ts';

/** Fields that the design promises and this version can't keep. */
const PLANNED_FIELDS: Record<string, string> = {
  approvals: 'approval by several people',
  boosts: 'raising a limit until a date',
  exemptions: 'exempting a key until a date',
  first_day_of_week: 'another first day of the week than Monday',
  incident_per_10_minutes: 'a cap of its own for incidents',
  prepaid: 'a prepaid amount',
  principal: 'a limit by principal',
  rolling: 'a rolling window',
  tag: 'selecting by tag',
};

/** What a validation issue means to the author of the file. */
export function shapeRemarks(issue: z.core.$ZodIssue, schema: z.ZodType): Remark[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    const known = fieldsAt(schema, path);
    return issue.keys.map((key) => ({ path: [...path, key], at: 'key', message: unknownField(key, known) }));
  }
  if (issue.code === 'invalid_key') {
    return [{ path, at: 'key', message: issue.issues[0]?.message ?? issue.message }];
  }
  return [{ path, message: issue.message }];
}

function unknownField(key: string, known: readonly string[]): string {
  if (Object.hasOwn(PLANNED_FIELDS, key)) return notBuilt(PLANNED_FIELDS[key] ?? key);
  return `is an unknown field${didYouMean(key, known)}; known here: ${known.join(', ')}`;
}

/** The names of the fields that the schema has at a place. */
function fieldsAt(schema: z.core.$ZodType, path: readonly (string | number)[]): string[] {
  if (schema instanceof z.ZodOptional) return fieldsAt(schema.unwrap(), path);
  const [step, ...rest] = path;
  if (schema instanceof z.ZodObject) {
    if (step === undefined) return Object.keys(schema.shape);
    return fieldsAt(schema.shape[step], rest);
  }
  if (schema instanceof z.ZodArray) return fieldsAt(schema.element, rest);
  return schema instanceof z.ZodRecord ? fieldsAt(schema.valueType, rest) : [];
}
