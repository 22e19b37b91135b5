import type { Middleware } from '@anthropic-ai/sdk';
import { type Attempt, type AttemptStarter, operationOf } from './attempt.ts';
import { type AttemptOutcome, outcomeOfAnswer, outcomeOfFailure } from './attempt-outcome.ts';
import { METERED_EVENTS, noProgress, readBody, readStreamEvent } from './message-progress.ts';
import { type BodyEnd, type BodyObserver, observeBody } from './observed-body.ts';
import { createEventReader } from './server-sent-events.ts';

/** A reader who takes nothing for this long is taken to have gone; the SDK gives a whole request as much. */
const IDLE_MS = 10 * 60_000;

export type Metering = {
  readonly middleware: Middleware;
  /** Answers whose body is still to be read. */
  openCount(): number;
  /** Settles, with what was seen so far, answers that nobody has read from for ten minutes; with `all`, every one. */
  settleAbandoned(all?: boolean): void;
};

export type MeteringParts = {
  readonly startAttempt: AttemptStarter;
  /** Hears of each attempt once, when it is over. */
  readonly record: (attempt: Attempt, result: AttemptOutcome, durationMs: number) => void;
  /** Hears of our own defects; they must never reach the caller. */
  readonly onDefect: (error: unknown) => void;
};

type OpenAnswer = { lastReadTick: number; settle(end: BodyEnd | undefined): void };

/** The middleware of the meter. It passes every request, answer and error on as it is, and throws nothing of its own. */
export function createMetering({ startAttempt, record, onDefect }: MeteringParts): Metering {
  const open = new Set<OpenAnswer>();
  /** Answers and errors already counted, in case the middleware stands twice in one client's list. */
  const counted = new WeakSet<object>();

  function quietly<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      onDefect(error);
      return undefined;
    }
  }

  function recordFailure(attempt: Attempt, error: unknown): void {
    if (typeof error === 'object' && error !== null) {
      if (counted.has(error)) return;
      counted.add(error);
    }
    record(attempt, outcomeOfFailure(attempt, error), performance.now() - attempt.startedTick);
  }

  function observe(attempt: Attempt, response: Response): Response {
    if (counted.has(response)) return response;
    const { observer, answer } = openAnswer(attempt, response);
    open.add(answer);
    const observed = observeBody(response, observer);
    counted.add(observed);
    return observed;
  }

  function openAnswer(attempt: Attempt, { status, headers, ok }: Response) {
    const progress = noProgress();
    const body = attempt.stream && ok ? streamReader(progress) : bodyReader(progress);
    let firstByteMs: number | undefined;
    const answer: OpenAnswer = {
      lastReadTick: performance.now(),
      settle(end) {
        if (!open.delete(answer)) return;
        quietly(() => {
          body.finish();
          const outcome = outcomeOfAnswer({ status, headers, progress, firstByteMs }, end);
          record(attempt, outcome, performance.now() - attempt.startedTick);
        });
      },
    };
    const observer: BodyObserver = {
      onBytes(bytes) {
        answer.lastReadTick = performance.now();
        firstByteMs ??= answer.lastReadTick - attempt.startedTick;
        quietly(() => body.read(bytes));
      },
      onEnd: (end) => answer.settle(end),
    };
    return { observer, answer };
  }

  return {
    middleware: async (request, next, { options }) => {
      const attempt = quietly(() => {
        const operation = options && operationOf(options);
        return operation && startAttempt(operation, options, request.headers);
      });
      if (!attempt) return next(request);
      let response: Response;
      try {
        response = await next(request);
      } catch (error) {
        quietly(() => recordFailure(attempt, error));
        throw error;
      }
      return quietly(() => observe(attempt, response)) ?? response;
    },
    openCount: () => open.size,
    settleAbandoned(all = false) {
      const idleSince = performance.now() - IDLE_MS;
      for (const answer of open) if (all || answer.lastReadTick < idleSince) answer.settle(undefined);
    },
  };
}

type Progress = ReturnType<typeof noProgress>;
type BodyReader = { read(bytes: Uint8Array): void; finish(): void };

function streamReader(progress: Progress): BodyReader {
  const read = createEventReader(({ name, data }) => {
    if (name !== undefined && !METERED_EVENTS.has(name)) return;
    readStreamEvent(progress, parsed(data));
  });
  return { read, finish: () => undefined };
}

function bodyReader(progress: Progress): BodyReader {
  const pieces: Uint8Array[] = [];
  return {
    read: (bytes) => void pieces.push(bytes),
    finish: () => readBody(progress, parsed(Buffer.concat(pieces).toString())),
  };
}

/** Undefined for what is not JSON, such as the page of a proxy or a body that broke off. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
