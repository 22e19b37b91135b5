import { accessSync, constants } from 'node:fs';

/** The URL names something that is not there. The message shows no password. */
export class DatabaseUrlError extends Error {
  override readonly name = 'DatabaseUrlError';
}

/**
 * Throws DatabaseUrlError when a file of the URL's TLS options can't be read. The driver would say so at the first
 * connection, as an error of the way to the server, and a service would wait for that to pass.
 */
export function requireTlsFiles(databaseUrl: string): void {
  if (!URL.canParse(databaseUrl)) return;
  const { searchParams } = new URL(databaseUrl);
  for (const name of ['sslrootcert', 'sslcert', 'sslkey']) {
    const path = searchParams.get(name);
    if (path === null) continue;
    try {
      accessSync(path, constants.R_OK);
    } catch (error) {
      throw new DatabaseUrlError(`DATABASE_URL: cannot read the file of ${name}: ${(error as Error).message}`);
    }
  }
}
