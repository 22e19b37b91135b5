import { z } from 'zod';

const retryAfterSeconds = z.number().positive().optional();
const shouldRetry = z.boolean().optional();

/** What goes wrong. `afterEffect` lets the call do its work first and loses only the answer. */
const fault = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('error'),
    status: z.int().min(400).max(599),
    type: z
      .enum([
        'invalid_request_error',
        'authentication_error',
        'billing_error',
        'permission_error',
        'not_found_error',
        'conflict_error',
        'request_too_large',
        'rate_limit_error',
        'api_error',
        'timeout_error',
        'overloaded_error',
      ])
      .optional(),
    message: z.string().optional(),
    code: z.string().optional(),
    retryAfterSeconds,
    shouldRetry,
    afterEffect: z.boolean().optional(),
  }),
  /** 429 with `retry-after` when `retryAfterSeconds` is given, and without otherwise. */
  z.strictObject({ kind: z.literal('rate_limit'), code: z.string().optional(), retryAfterSeconds, shouldRetry }),
  z.strictObject({ kind: z.literal('latency'), delayMs: z.number().min(0) }),
  z.strictObject({ kind: z.literal('connection_reset'), afterEffect: z.boolean().optional() }),
  z.strictObject({ kind: z.literal('malformed_json') }),
  /** A key update answers 200, and the key's status stays as it was. */
  z.strictObject({ kind: z.literal('unchanged') }),
  /** A key that is switched off goes on passing requests for this long. */
  z.strictObject({ kind: z.literal('effect_delay'), delayMs: z.number().min(0) }),
  /** A stream that ends after so many text deltas: with an `error` event, or with a closed connection. */
  z.strictObject({ kind: z.literal('stream_error'), afterDeltas: z.int().min(0) }),
  z.strictObject({ kind: z.literal('stream_cut'), afterDeltas: z.int().min(0) }),
]);

/** Which requests a fault meets: method, a regular expression on the path, and the key that is used or changed. */
export const faultRule = z.strictObject({
  method: z.enum(['GET', 'POST', 'DELETE']).optional(),
  path: z.string().refine(isRegExp, 'is not a regular expression').optional(),
  apiKeyId: z.string().optional(),
  /** How often; for ever when left out. */
  times: z.int().positive().optional(),
  fault,
});

export type Fault = z.output<typeof fault>;
export type FaultRule = z.input<typeof faultRule>;
export type FaultRules = {
  add(rule: FaultRule): void;
  clear(): void;
  /** The faults that meet this request, in the order the rules were added; each use counts against `times`. */
  take(request: { method: string; path: string; apiKeyId: string | null }): readonly Fault[];
};

function isRegExp(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}

const NONE: readonly Fault[] = [];
const KEY_UPDATE = { method: 'POST', path: '^/v1/organizations/api_keys/' };
const MESSAGES = { method: 'POST', path: '^/v1/messages$' };
/** Where a fault can happen at all, so that `times` counts nothing else. */
const SCOPE: Partial<Record<Fault['kind'], { method: string; path: string }>> = {
  unchanged: KEY_UPDATE,
  effect_delay: KEY_UPDATE,
  stream_error: MESSAGES,
  stream_cut: MESSAGES,
};

type LiveRule = { fault: Fault; method?: string; paths: RegExp[]; apiKeyId?: string | undefined; left: number };

/** Keeps the fault rules of one emulator. Throws a `ZodError` for a rule that makes no sense. */
export function createFaultRules(): FaultRules {
  let rules: LiveRule[] = [];
  return {
    add(rule) {
      const { fault, times, apiKeyId, ...match } = faultRule.parse(rule);
      const scope = SCOPE[fault.kind];
      const method = match.method ?? scope?.method;
      const paths = [match.path, scope?.path].filter((path) => path !== undefined).map((path) => new RegExp(path));
      rules.push({ fault, paths, apiKeyId, left: times ?? Number.POSITIVE_INFINITY, ...(method && { method }) });
    },
    clear() {
      rules = [];
    },
    take(request) {
      if (rules.length === 0) return NONE;
      const met = rules.filter(
        (rule) =>
          (rule.method ?? request.method) === request.method &&
          rule.paths.every((path) => path.test(request.path)) &&
          (rule.apiKeyId ?? request.apiKeyId) === request.apiKeyId,
      );
      for (const rule of met) rule.left -= 1;
      rules = rules.filter((rule) => rule.left > 0);
      return met.map((rule) => rule.fault);
    },
  };
}
