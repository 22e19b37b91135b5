import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withFigures } from './page.ts';

test('a page without the two markers is refused and not overwritten with a table somewhere', () => {
  assert.throws(() => withFigures('# Performance\n', {} as never), /has no <!-- bench: begin -->/);
  assert.throws(() => withFigures('<!-- bench: end -->\n<!-- bench: begin -->\n', {} as never), /has no/);
});
