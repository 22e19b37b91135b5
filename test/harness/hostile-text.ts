import naughty from 'big-list-of-naughty-strings/blns.json' with { type: 'json' };
import fc from 'fast-check';

const OF_OUR_OWN = [
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'toString',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'x\udfff',
  '\u202egnp.exe',
  '\ufeff',
  '\u001f',
  '\n',
  ' ',
  '😀'.repeat(64),
  'ﷺ'.repeat(100),
  "'; drop table usage_event; --",
  '{"a":1}',
  '\\u0000',
  '1e400',
  '-0',
  '9007199254740993',
];

/** Texts that have broken something somewhere: the Big List of Naughty Strings, and what Postgres and JavaScript dislike. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...OF_OUR_OWN, ...(naughty as string[])),
  fc.string({ unit: 'binary', maxLength: 40 }),
);
