import { z } from 'zod';

// Parsers from the raw string of a flag, variable or file to a value. Narrow them further with `.pipe` or `.refine`;
// `.optional()` makes an option that may be left out.

/** Any text that is not blank. */
export const text = z.string().trim().min(1, 'must not be empty');

/** An absolute URL, kept as the string it was. */
export const url = text.refine((raw) => URL.canParse(raw), 'must be an absolute URL, like https://host:port/path');

/** A whole number, with an optional sign. */
export const integer = text
  .refine((raw) => /^[+-]?\d+$/.test(raw) && Number.isSafeInteger(Number(raw)), 'must be a whole number')
  .transform(Number);

/** A TCP port; 0 asks the system for a free one. */
export const port = text
  .refine((raw) => /^\d+$/.test(raw) && Number(raw) <= 65_535, 'must be a port between 0 and 65535')
  .transform(Number);

const MS_PER_UNIT: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(\d{1,12})\s*(ms|s|m|h|d)?$/;

/** A length of time, in milliseconds: `500`, `500ms`, `2s`, `5m`, `1h`, `35d`. */
export const milliseconds = text
  .refine((raw) => DURATION.test(raw), 'must be a length of time, like 500 (milliseconds), 2s, 5m, 1h or 35d')
  .transform((raw) => {
    const [, amount = '0', unit = 'ms'] = DURATION.exec(raw) ?? [];
    return Number(amount) * (MS_PER_UNIT[unit] ?? 1);
  });

/** Comma-separated words, at least one; spaces around them and empty places are dropped. */
export const list = z
  .string()
  .transform((raw) =>
    raw
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== ''),
  )
  .refine((words) => words.length > 0, 'must name at least one entry; separate several with commas');

/** `true`, `yes`, `on`, `1` or `false`, `no`, `off`, `0`, in any case. */
export const boolean = z.stringbool({
  truthy: ['true', 'yes', 'on', '1'],
  falsy: ['false', 'no', 'off', '0'],
  error: 'must be true or false',
});
