import Anthropic, { type Middleware } from '@anthropic-ai/sdk';
import type { AdminCredential } from './credential.ts';

export type AdminClientOptions = {
  credential: AdminCredential;
  /** Default: https://api.anthropic.com. The SDK's own environment variables are not read. */
  baseURL?: string;
  /** Longest wait for the headers of an answer. Default 10 s. */
  timeoutMs?: number;
};

const DEFAULT_BASE_URL = 'https://api.anthropic.com';
const DEFAULT_TIMEOUT_MS = 10_000;
// Source: @anthropic-ai/sdk 1.12.0, lib/credentials/types (OAUTH_API_BETA_HEADER).
const OAUTH_BETA = 'oauth-2025-04-20';

/**
 * Opens the official SDK on the Admin API with a credential that is looked up before each call. Retries are off:
 * whoever calls must know of each attempt. A credential that has become unusable makes the call fail with a clear line.
 */
export function openAdminClient(options: AdminClientOptions): Anthropic {
  const { credential } = options;
  return new Anthropic({
    apiKey: async () => credential.secret(),
    baseURL: options.baseURL ?? DEFAULT_BASE_URL,
    timeout: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    maxRetries: 0,
    logLevel: 'off',
    middleware: [announceToken(credential)],
  });
}

/** The API takes a bearer token of workload identity only together with this header. */
function announceToken(credential: AdminCredential): Middleware {
  return (request, next) => {
    if (credential.kind() === 'oauth_token') request.headers.append('anthropic-beta', OAUTH_BETA);
    return next(request);
  };
}
