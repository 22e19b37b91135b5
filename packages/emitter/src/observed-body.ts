/** How the reading of a body ended: read to its end, given up by the reader, or broken on the way. */
export type BodyEnd = { readonly how: 'finished' | 'cancelled' } | { readonly how: 'broken'; readonly error: unknown };

export type BodyObserver = {
  onBytes(bytes: Uint8Array): void;
  /** Called once. */
  onEnd(end: BodyEnd): void;
};

/**
 * The same response with an observer on its body. Nothing is read before the caller reads, nothing is kept back, and
 * giving up reaches the server at once; a clone would download, and let Anthropic bill, the rest (`ctx.parse`, `tee`).
 * Observers must not throw.
 */
export function observeBody(response: Response, observer: BodyObserver): Response {
  const { body } = response;
  if (body === null || typeof body.getReader !== 'function') {
    observer.onEnd({ how: 'finished' });
    return response;
  }
  const observed = new Response(passThrough(body, observer), response);
  Object.defineProperty(observed, 'url', { value: response.url });
  return observed;
}

function passThrough(body: ReadableStream<Uint8Array>, observer: BodyObserver): ReadableStream<Uint8Array> {
  // Taken at the first read, so that a failure while wrapping leaves the original response usable.
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  return new ReadableStream(
    {
      async pull(controller) {
        reader ??= body.getReader();
        try {
          const { done, value } = await reader.read();
          if (done) {
            observer.onEnd({ how: 'finished' });
            controller.close();
          } else {
            observer.onBytes(value);
            controller.enqueue(value);
          }
        } catch (error) {
          observer.onEnd({ how: 'broken', error });
          controller.error(error);
        }
      },
      cancel(reason) {
        observer.onEnd({ how: 'cancelled' });
        return (reader ?? body).cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
