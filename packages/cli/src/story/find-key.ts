import type { Queryable } from '@bursar/db/pool';
import { type KeyRow, listKeys } from '@bursar/db/report/keys';
import { ExitError } from '@bursar/runtime/exit-error';
import { WrongUseError } from '../wrong-use-error.ts';

const LONGEST_HINT = 24;

/**
 * The keys with this name, hint, id or SHA-256. Throws ExitError when there are none.
 * A whole secret is refused: a command line stays in the shell's history.
 */
export async function findKeys(db: Queryable, text: string): Promise<KeyRow[]> {
  if (text.startsWith('sk-ant-') && text.length > LONGEST_HINT && !text.includes('...')) {
    throw new WrongUseError(
      'This looks like a whole API key. It is now in your shell history: remove it there, and give its name, ' +
        'hint (sk-ant-api03-abc...wxyz) or id (apikey_…) instead. Keys: bursar keys list',
    );
  }
  const found = await listKeys(db, text);
  if (found.length > 0) return found;
  throw new ExitError(`No key is called "${text}". See their names and hints with: bursar keys list`);
}
