import { isRecord } from './field-cleaner.ts';

/**
 * Every three bytes of streamed text count as one token where Anthropic's own count never arrived.
 * English runs at three to four bytes a token, so this leans to the high side.
 */
export const ESTIMATED_BYTES_PER_TOKEN = 3;

/** What has been seen of an answer so far. Values are as Anthropic sent them, unchecked. */
export type MessageProgress = {
  messageId?: unknown;
  servedModel?: unknown;
  stopReason?: unknown;
  errorType?: unknown;
  usage?: Record<string, unknown>;
  /** `message_delta` brought the final counters. */
  usageIsFinal: boolean;
  /** `message_stop` was seen, or the whole body of a call that doesn't stream. */
  isWhole: boolean;
  /** UTF-8 bytes of text, thinking and tool input seen in deltas. */
  streamedBytes: number;
};

export function noProgress(): MessageProgress {
  return { usageIsFinal: false, isWhole: false, streamedBytes: 0 };
}

/** The events of a stream that say something about usage; the others need not be parsed. */
export const METERED_EVENTS: ReadonlySet<string> = new Set([
  'message_start',
  'content_block_delta',
  'message_delta',
  'message_stop',
  'error',
]);

/** Takes one event of a Messages stream into account. Unknown or malformed events change nothing. */
export function readStreamEvent(progress: MessageProgress, event: unknown): void {
  if (!isRecord(event)) return;
  switch (event['type']) {
    case 'message_start':
      readMessage(progress, event['message']);
      break;
    case 'content_block_delta':
      progress.streamedBytes += deltaBytes(event['delta']);
      break;
    case 'message_delta':
      readMessageDelta(progress, event);
      break;
    case 'message_stop':
      progress.isWhole = true;
      break;
    case 'error':
      readError(progress, event);
  }
}

/** Takes the whole JSON body of an answer into account: a message, an error, a batch or a token count. */
export function readBody(progress: MessageProgress, body: unknown): void {
  if (!isRecord(body)) return;
  if (body['type'] === 'error') {
    readError(progress, body);
    return;
  }
  readMessage(progress, body);
  progress.isWhole = true;
  progress.usageIsFinal = progress.usage !== undefined;
}

function readMessage(progress: MessageProgress, message: unknown): void {
  if (!isRecord(message)) return;
  progress.messageId = message['id'];
  progress.servedModel = message['model'];
  progress.stopReason = message['stop_reason'];
  if (isRecord(message['usage'])) progress.usage = { ...message['usage'] };
}

/** The counters of `message_delta` are cumulative: each that is present replaces the one of `message_start`. */
function readMessageDelta(progress: MessageProgress, { delta, usage }: Record<string, unknown>): void {
  if (isRecord(delta) && typeof delta['stop_reason'] === 'string') progress.stopReason = delta['stop_reason'];
  if (!isRecord(usage)) return;
  const merged = { ...progress.usage };
  for (const [name, value] of Object.entries(usage)) {
    if (value !== null && value !== undefined) merged[name] = value;
  }
  progress.usage = merged;
  progress.usageIsFinal = progress.stopReason !== null && progress.stopReason !== undefined;
}

function readError(progress: MessageProgress, { error }: Record<string, unknown>): void {
  if (isRecord(error)) progress.errorType = error['type'];
}

function deltaBytes(delta: unknown): number {
  if (!isRecord(delta)) return 0;
  const text = delta['text'] ?? delta['thinking'] ?? delta['partial_json'];
  return typeof text === 'string' ? Buffer.byteLength(text) : 0;
}
