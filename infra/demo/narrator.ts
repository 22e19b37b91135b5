import { styleText } from 'node:util';

export type Narrator = {
  /** A line of progress. */
  say(line: string): void;
  /** A line about a step of the story. */
  tell(mark: 'done' | 'failed' | 'news', line: string): void;
  print(text: string): void;
  /** On a terminal, replaces the line at the bottom; elsewhere nothing. */
  live(line: string): void;
};

const MARKS = { done: ['green', '✓'], failed: ['red', '✗'], news: ['yellow', '•'] } as const;

/** Plain lines with the seconds since the start; colours only on a terminal that wants them. */
export function createNarrator(stream: NodeJS.WriteStream): Narrator {
  const startedAtMs = performance.now();
  const clear = stream.isTTY ? '\r\u001b[2K' : '';
  const write = (mark: string, line: string) => {
    const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1).padStart(6);
    stream.write(`${clear}${styleText('dim', `${seconds} s`, { stream })}  ${mark} ${line}\n`);
  };
  return {
    say: (line) => write(' ', line),
    tell: (mark, line) => write(styleText(MARKS[mark][0], MARKS[mark][1], { stream }), line),
    print: (text) => void stream.write(clear + text),
    live: (line) => {
      if (stream.isTTY)
        stream.write(`${clear}${styleText('dim', line.slice(0, (stream.columns || 80) - 1), { stream })}`);
    },
  };
}
