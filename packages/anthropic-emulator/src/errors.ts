import type { ErrorDetails, ErrorObject, ErrorResponse } from '@anthropic-ai/sdk/resources/shared';

/** Anthropic's error types; 409 and 413 are documented but stand in no union of the SDK's `ErrorObject`. */
export type ErrorType = ErrorObject['type'] | 'conflict_error' | 'request_too_large';
export type ErrorCode = ErrorDetails['error_code'];

/** The body of an error answer: the SDK's `ErrorResponse` and, where there is a code, its `details`. */
export type ErrorBody = Omit<ErrorResponse, 'error'> & {
  error: { type: ErrorType; message: string; details?: { error_code: string } };
};

/** An answer that Anthropic would give instead of the wanted one. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly type: ErrorType;
  readonly code: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    type: ErrorType,
    message: string,
    more: { code?: string | undefined; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.status = status;
    this.type = type;
    this.code = more.code;
    this.headers = more.headers ?? {};
  }
}

export const badRequest = (message: string, code?: ErrorCode): ApiError =>
  new ApiError(400, 'invalid_request_error', message, { code });
export const unauthenticated = (message: string): ApiError => new ApiError(401, 'authentication_error', message);
export const forbidden = (message: string): ApiError => new ApiError(403, 'permission_error', message);
export const notFound = (message: string): ApiError => new ApiError(404, 'not_found_error', message);

/** The JSON that Anthropic sends for an error. */
export function errorBody(type: ErrorType, message: string, requestId: string | null, code?: string): ErrorBody {
  const details = code === undefined ? {} : { details: { error_code: code } };
  return { type: 'error', error: { type, message, ...details }, request_id: requestId };
}

const TYPE_BY_STATUS: Readonly<Record<number, ErrorType>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

/** The error type that Anthropic pairs with an HTTP status. */
export const errorTypeOf = (status: number): ErrorType =>
  TYPE_BY_STATUS[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
