import { tagsOf } from './usage-event.ts';

const PROTO = '__proto__';
const standIn = 'a tag named __proto__';

/**
 * A tag named `__proto__` is a tag like any other, but zod leaves such a name out of a record without a word. This looks at
 * the tags again, under another name. Gives the tags as they came, or a sentence that says what is wrong with them.
 */
export function withProtoTag(tags: Record<string, string>, envelope: unknown): Record<string, string> | string {
  const given = (envelope as { data: { tags: Record<string, unknown> } }).data.tags;
  if (!Object.hasOwn(given, PROTO)) return tags;
  const checked = tagsOf.safeParse({ ...tags, [standIn]: given[PROTO] });
  if (!checked.success) return `data.tags.${PROTO}: ${checked.error.issues[0]?.message}`;
  // fromEntries defines properties; an assignment would change the prototype.
  return Object.fromEntries([...Object.entries(tags), [PROTO, given[PROTO] as string]]);
}
