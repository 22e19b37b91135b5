import type { UsageData } from '@bursar/events/usage-event';
import type { Attempt } from './attempt.ts';
import { isRecord } from './field-cleaner.ts';
import type { MessageProgress } from './message-progress.ts';
import type { BodyEnd } from './observed-body.ts';

/** What became of an attempt. */
export type AttemptOutcome = {
  readonly outcome: UsageData['outcome'];
  readonly errorType?: unknown;
  readonly answer?: Answer;
};

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly progress: MessageProgress;
  /** Milliseconds from the start to the first byte of the body. */
  readonly firstByteMs?: number | undefined;
};

/** No answer came. A caller who aborts has cancelled; everything else, an SDK timeout too, is a transport error. */
export function outcomeOfFailure(attempt: Attempt, error: unknown): AttemptOutcome {
  if (attempt.signal?.aborted) return { outcome: 'cancelled' };
  return { outcome: 'transport_error', errorType: failureType(error) };
}

/** An answer came and its body was read, given up or broken; `undefined` says that nobody read on. */
export function outcomeOfAnswer(answer: Answer, end: BodyEnd | undefined): AttemptOutcome {
  const { errorType } = answer.progress;
  if (answer.status >= 400) {
    return { outcome: 'http_error', errorType: errorType ?? errorTypeOfStatus(answer.status), answer };
  }
  if (answer.progress.isWhole) return { outcome: 'complete', answer };
  if (errorType !== undefined) return { outcome: 'truncated', errorType, answer };
  return { outcome: isGivenUp(end) ? 'cancelled' : 'truncated', answer };
}

/** After the headers only the caller's side aborts: the SDK's timeout has been cleared by then. */
function isGivenUp(end: BodyEnd | undefined): boolean {
  if (end === undefined || end.how === 'cancelled') return true;
  return end.how === 'broken' && isRecord(end.error) && end.error['name'] === 'AbortError';
}

/** The system's code where there is one (`ECONNREFUSED`), else the error's name. */
function failureType(error: unknown): unknown {
  if (!isRecord(error)) return undefined;
  const { cause, name } = error;
  if (isRecord(cause) && typeof cause['code'] === 'string') return cause['code'];
  return name === 'AbortError' ? 'timeout' : name;
}

/** For answers whose body the SDK throws away before it retries. Source: Anthropic's API error page. */
const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

function errorTypeOfStatus(status: number): string | undefined {
  return ERROR_TYPES[status];
}
