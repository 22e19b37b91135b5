import { ExitError } from '@bursar/runtime/exit-error';

/** What was typed can't be meant: exit code 2. */
export class WrongUseError extends ExitError {
  override readonly name = 'WrongUseError';

  constructor(message: string) {
    super(message, EXIT.wrongUse);
  }
}

export const EXIT = { ok: 0, error: 1, wrongUse: 2, foundSomething: 3 } as const;
