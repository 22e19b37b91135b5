const LEAST_BYTES = 32;
const MOST_LINES = 2;

/** A secret file that can't be used. The message names the file and never its content. */
export class SigningSecretError extends Error {
  override readonly name = 'SigningSecretError';
}

/**
 * The secrets in a file: one line, or two while they are exchanged. The first one signs, each of them is accepted.
 * @param file only for messages.
 * @throws SigningSecretError when there is none, one is short, or there are more than two.
 */
export function signingSecretsIn(content: string, file: string): [string, ...string[]] {
  const secrets = content
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const [first, ...others] = secrets;
  if (first === undefined) throw new SigningSecretError(`${file} is empty; ${ADVICE}`);
  if (secrets.length > MOST_LINES) {
    throw new SigningSecretError(
      `${file} has ${secrets.length} lines; a secret file has one secret, or two while they are exchanged`,
    );
  }
  const short = secrets.findIndex((secret) => Buffer.byteLength(secret) < LEAST_BYTES);
  if (short !== -1) {
    throw new SigningSecretError(
      `${file} has a secret of less than ${LEAST_BYTES} bytes in line ${short + 1}; ${ADVICE}`,
    );
  }
  return [first, ...others];
}

const ADVICE = 'make a secret with: openssl rand -hex 32';
