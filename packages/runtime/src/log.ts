import { type DestinationStream, type Logger, pino, stdSerializers, stdTimeFunctions } from 'pino';
import { scrub } from './scrub.ts';

export type Log = Logger;

export type LogOptions = {
  service: string;
  /** fatal, error, warn, info, debug, trace or silent. */
  level: string;
  version?: string;
  /** Where the lines go; standard output, written synchronously, when left out. */
  destination?: DestinationStream;
  /** Exact values that must never be written, whatever they look like. Shorter than eight characters is ignored. */
  secrets?: readonly string[];
};

const SHORTEST_SECRET = 8;
const CREDENTIAL_NAMES = ['authorization', 'Authorization', 'x-api-key', 'apiKey', 'api_key', 'token', 'password'];

/**
 * A pino log of JSON lines: ISO time, level as a word, service and pid in each line, errors under `err` with stack and cause.
 * Credentials are removed twice: by property name before the line is made, and by shape from the finished line,
 * so that none leaves inside a message, a stack, a child binding or an object that nobody thought of.
 */
export function createLog(options: LogOptions): Log {
  const secrets = writtenForms(options.secrets ?? []);
  return pino(
    {
      level: options.level,
      timestamp: stdTimeFunctions.isoTime,
      base: {
        service: options.service,
        ...(options.version === undefined ? {} : { version: options.version }),
        pid: process.pid,
      },
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: stdSerializers.err },
      redact: { paths: credentialPaths(), censor: '[redacted]' },
      hooks: { streamWrite: (line) => scrub(line, secrets) },
    },
    options.destination ?? pino.destination({ fd: 1, sync: true }),
  );
}

function credentialPaths(): string[] {
  return CREDENTIAL_NAMES.flatMap((name) => {
    const path = `["${name}"]`;
    return [path, `*${path}`, `*.*${path}`];
  });
}

/** Secrets as they look inside a JSON string. */
function writtenForms(secrets: readonly string[]): string[] {
  return secrets
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .map((secret) => JSON.stringify(secret).slice(1, -1));
}
