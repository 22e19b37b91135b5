/** What the event schema refuses in a text, beside its length. */
const FORBIDDEN = /[\p{Cc}\p{Cs}]/gu;
const SECRET = /sk-ant-[\w-]{20,}/;

const MAX_TAGS = 16;
const MAX_COUNT = 1_000_000_000;

export type FieldCleaner = {
  /** A text the schema accepts, cut and with forbidden characters replaced; undefined when nothing can be kept. */
  text(field: string, value: unknown, maxChars: number): string | undefined;
  tags(tags: Readonly<Record<string, unknown>>): Record<string, string>;
  /** A count within the schema's range, else undefined. */
  count(field: string, value: unknown): number | undefined;
};

/**
 * Makes values fit the event schema, so that a strange value costs one field and never the event.
 * `onCleaned` hears the name of each field that was changed or left out, never its value.
 */
export function createFieldCleaner(onCleaned: (field: string) => void): FieldCleaner {
  function text(field: string, value: unknown, maxChars: number): string | undefined {
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'string' || value === '' || SECRET.test(value)) {
      onCleaned(field);
      return undefined;
    }
    if (value.length <= maxChars && value.search(FORBIDDEN) === -1) return value;
    onCleaned(field);
    return value.slice(0, maxChars).replace(FORBIDDEN, '\ufffd');
  }

  function tags(given: Readonly<Record<string, unknown>>): Record<string, string> {
    const names = Object.keys(given);
    const kept: [string, string][] = [];
    for (const name of names) {
      if (kept.length === MAX_TAGS) {
        onCleaned('tags');
        break;
      }
      const key = text('tags', name, 64);
      const value = text('tags', given[name], 256);
      if (key !== undefined && value !== undefined && key !== '__proto__') kept.push([key, value]);
    }
    return Object.fromEntries(kept);
  }

  function count(field: string, value: unknown): number | undefined {
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= MAX_COUNT) return value;
    onCleaned(field);
    return undefined;
  }

  return { text, tags, count };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
