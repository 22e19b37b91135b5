const REDACTED = '[redacted]';
const CREDENTIAL_NAME = '(?:(?:proxy-)?authorization|x-api-key|api_?key|token|password|secret)';

// Every pattern starts at a literal and stops at a fixed character, so a line of any length is read once.
const CREDENTIALS: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  // Up to eleven characters after the prefix are left alone: a key hint (`sk-ant-api03-abc...wxyz`) is no credential.
  [/sk-ant-[\w-]{12,}/g, `sk-ant-${REDACTED}`],
  // The password of a URL; it may hold raw @ and escaped quotes, and ends at the last @ before the path.
  [/(:\/\/[^\s"/:@]*):(?:\\.|[^\s"\\/?#])+@/g, `$1:${REDACTED}@`],
  [/([?&](?:password|api_?key|access_token|token|secret)=)[^&\s"#\\]+/gi, `$1${REDACTED}`],
  [/\b(bearer) +[\w.~+/=-]{16,}/gi, `$1 ${REDACTED}`],
  // A property of that name at any depth; then the same in JSON that was logged as a string.
  [new RegExp(`("${CREDENTIAL_NAME}"\\s*:\\s*")(?:\\\\.|[^"\\\\])+`, 'gi'), `$1${REDACTED}`],
  [new RegExp(`(\\\\"${CREDENTIAL_NAME}\\\\+"\\s*:\\s*\\\\+")[^"\\\\]+`, 'gi'), `$1${REDACTED}`],
];

/**
 * Takes credentials out of a text: `sk-ant-…` keys, passwords in URLs, bearer tokens, and JSON properties that are
 * named as credentials. `secrets` are exact values to take out as well. Safe to run on plain text and on JSON lines.
 */
export function scrub(line: string, secrets: readonly string[] = []): string {
  let clean = line;
  for (const secret of secrets) clean = clean.replaceAll(secret, REDACTED);
  for (const [pattern, replacement] of CREDENTIALS) clean = clean.replace(pattern, replacement);
  return clean;
}
