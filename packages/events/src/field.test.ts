import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { it } from 'node:test';
import fc from 'fast-check';
import { scrubSecrets, text } from './field.ts';

const secret = fc
  .tuple(
    fc.constantFrom('', 'api03-', 'admin01-', 'oat01-', 'X', 'abcdefghijklmnopqrstuvwxyz-'),
    fc.stringMatching(/^[\w-]{20,110}$/),
  )
  .map(([kind, tail]) => `sk-ant-${kind}${tail}`);

it('leaves no credential in a scrubbed text, and says where one was', () => {
  fc.assert(
    fc.property(fc.string(), secret, fc.string(), (before, key, after) => {
      const scrubbed = scrubSecrets(`${before} ${key} ${after}`);
      assert.doesNotMatch(scrubbed, /sk-ant-[\w-]{20,}/);
      assert.match(scrubbed, /\[removed\]/);
    }),
  );
});

it('keeps the kind of a scrubbed credential and leaves hints as they are', () => {
  assert.equal(
    scrubSecrets(`key sk-ant-api03-${randomBytes(60).toString('base64url')}!`),
    'key sk-ant-api03-[removed]!',
  );
  assert.equal(scrubSecrets('sk-ant-admin01-R2D...igAA'), 'sk-ant-admin01-R2D...igAA');
});

it('accepts every text of the given length that Postgres can store and that holds no credential', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), (value) => {
      const storable = value.length <= 60 && !/\p{Cc}/u.test(value) && value.isWellFormed();
      assert.equal(text(60).safeParse(value).success, storable);
    }),
  );
  assert.equal(text(9).safeParse('').success, false);
});
