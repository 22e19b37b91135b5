import { stripVTControlCharacters } from 'node:util';

// Control characters (C0, DEL, C1), line and paragraph separators, and characters that turn the direction of text.
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/gu;
const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** A text that a terminal only shows: what would move the cursor, change colours or start a new line is written out. */
export function cleanText(text: string): string {
  return text.replaceAll(
    UNPRINTABLE,
    (char) => SHORT[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A text for the record: one line, without escape sequences; what else can't be printed becomes a space. */
export function plainText(text: string): string {
  return stripVTControlCharacters(text).replaceAll(UNPRINTABLE, ' ').replaceAll(/\s+/g, ' ').trim();
}

/** JSON that is safe on a terminal and still means the same: what JSON leaves raw is written as its own escape. */
export function cleanJson(value: unknown, indent = 2): string {
  return JSON.stringify(value, null, indent)
    .split('\n')
    .map((line) => cleanText(line))
    .join('\n');
}
