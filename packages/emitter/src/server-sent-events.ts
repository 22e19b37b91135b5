export type ServerSentEvent = { readonly name: string | undefined; readonly data: string };

/**
 * Reads server-sent events out of a byte stream, however it is cut: lines end in LF or CRLF, characters may be split.
 * Each `data:` line is an event of its own, which is how Anthropic writes them.
 */
export function createEventReader(onEvent: (event: ServerSentEvent) => void): (bytes: Uint8Array) => void {
  const decoder = new TextDecoder();
  let unfinishedLine = '';
  let name: string | undefined;

  function readLine(line: string): void {
    if (line === '') name = undefined;
    else if (line.startsWith('event:')) name = line.slice(6).trim();
    else if (line.startsWith('data:')) onEvent({ name, data: line.slice(5) });
  }

  return (bytes) => {
    const text = decoder.decode(bytes, { stream: true });
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      const line = unfinishedLine + text.slice(start, end);
      unfinishedLine = '';
      start = end + 1;
      readLine(line.endsWith('\r') ? line.slice(0, -1) : line);
    }
    unfinishedLine += text.slice(start);
  };
}
