import type { UsageData } from '@bursar/events/usage-event';
import { uuidV7 } from '@bursar/events/uuid-v7';
import type { CallContext, CallContexts, ResolvedContext } from './call-context.ts';
import { isRecord } from './field-cleaner.ts';
import type { KeyIdentity } from './key-identity.ts';

export type Operation = UsageData['operation'];

/** One HTTP request as it was when it left: everything about it that its answer can't change. */
export type Attempt = {
  /** The id of the event to come, made now so that it exists before the caller's promise settles. */
  readonly id: string;
  readonly callId: string;
  /** 0 for the first try of a call, then the number of the SDK's retry. */
  readonly number: number;
  readonly operation: Operation;
  readonly key: KeyIdentity;
  readonly context: ResolvedContext;
  /** As the caller gave them, unchecked. */
  readonly requestedModel: unknown;
  readonly requestedMaxTokens: unknown;
  readonly stream: boolean;
  readonly signal: AbortSignal | undefined;
  readonly startedAtMs: number;
  /** `performance.now()`, for durations. */
  readonly startedTick: number;
};

/** The part of the SDK's request options that is read here. */
export type RequestOptions = {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly stream?: boolean | undefined;
  readonly signal?: AbortSignal | null | undefined;
  /** Put there by `bursar()`. */
  readonly bursar?: CallContext | undefined;
};

const OPERATIONS: Readonly<Record<string, Operation>> = {
  '/v1/messages': 'messages',
  '/v1/messages/count_tokens': 'count_tokens',
  '/v1/messages/batches': 'batches',
};

/** Which metered operation a request is, or undefined for all others. */
export function operationOf({ method, path }: RequestOptions): Operation | undefined {
  if (method !== 'post') return undefined;
  const query = path.indexOf('?');
  return OPERATIONS[query === -1 ? path : path.slice(0, query)];
}

export type AttemptStarter = (operation: Operation, options: RequestOptions, headers: Headers) => Attempt;

export function createAttemptStarter(
  contexts: CallContexts,
  identify: (headers: Headers) => KeyIdentity,
): AttemptStarter {
  /** The SDK passes the same options object to each retry of a call, and a new one to each call. */
  const callIds = new WeakMap<object, string>();

  /** The id of the call's first attempt. */
  function callIdOf(options: RequestOptions, attemptId: string): string {
    const known = callIds.get(options);
    if (known !== undefined) return known;
    callIds.set(options, attemptId);
    return attemptId;
  }

  return (operation, options, headers) => {
    const body = isRecord(options.body) ? options.body : {};
    const startedAtMs = Date.now();
    const id = uuidV7(startedAtMs);
    return {
      id,
      callId: callIdOf(options, id),
      number: Number(headers.get('x-stainless-retry-count') ?? 0),
      operation,
      key: identify(headers),
      context: contexts.resolve(options.bursar),
      requestedModel: operation === 'batches' ? commonModel(body['requests']) : body['model'],
      requestedMaxTokens: body['max_tokens'],
      stream: options.stream === true,
      signal: options.signal ?? undefined,
      startedAtMs,
      startedTick: performance.now(),
    };
  };
}

/** The model of all requests of a batch, or `several`. */
function commonModel(requests: unknown): unknown {
  if (!Array.isArray(requests)) return undefined;
  const models = new Set(requests.map((request: { params?: { model?: unknown } } | null) => request?.params?.model));
  return models.size > 1 ? 'several' : [...models][0];
}
