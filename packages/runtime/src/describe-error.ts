/** What went wrong in one line, for errors of unknown origin; never empty. */
export function describeError(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    // Connecting to a name with several addresses fails with one error per address and no message of its own.
    return [...new Set(error.errors.map(describeError))].join('; ');
  }
  if (isUntrustedCertificate(error)) {
    return `the server's certificate is from an authority that is not trusted here (${(error as Error).message.split(';')[0]})`;
  }
  if (error instanceof Error) return error.message || String((error as NodeJS.ErrnoException).code ?? error.name);
  return String(error);
}

const UNTRUSTED = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'CERT_SIGNATURE_FAILURE',
]);

/** True when TLS ended because nobody whom this process trusts signed the other side's certificate. */
export function isUntrustedCertificate(error: unknown): boolean {
  return error instanceof Error && UNTRUSTED.has(String((error as NodeJS.ErrnoException).code));
}
