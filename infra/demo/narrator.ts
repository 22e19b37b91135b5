import { styleText } from 'node:util';

export type Narrator = {
  /** A line of progress. */
  say(line: string): void;
  /** A line about a step of the story. */
  tell(mark: 'done' | 'failed' | 'news', line: string): void;
  print(text: string): void;
};

const MARKS = { done: ['green', '✓'], failed: ['red', '✗'], news: ['yellow', '•'] } as const;

/** Plain lines with the seconds since the start; colours only on a terminal that wants them. */
export function createNarrator(stream: NodeJS.WriteStream): Narrator {
  const startedAtMs = performance.now();
  const write = (mark: string, line: string) => {
    const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1).padStart(6);
    stream.write(`${styleText('dim', `${seconds} s`, { stream })}  ${mark} ${line}\n`);
  };
  return {
    say: (line) => write(' ', line),
    tell: (mark, line) => write(styleText(MARKS[mark][0], MARKS[mark][1], { stream }), line),
    print: (text) => void stream.write(text),
  };
}
