import { styleText } from 'node:util';
import { cleanText } from './clean-text.ts';

export type Tone = 'plain' | 'strong' | 'quiet' | 'good' | 'warning' | 'bad';
export type Span = string | { text: string; tone: Tone };
/** One line for people: spans that follow each other. */
export type Line = Span | readonly Span[];

const STYLES = {
  plain: 'reset',
  strong: 'bold',
  quiet: 'dim',
  good: 'green',
  warning: 'yellow',
  bad: 'red',
} as const satisfies Record<Tone, string>;

type Output = { write(text: string): unknown };

/**
 * The only way to the screen. Every text is cleaned before it is coloured, so whatever a name in the database holds,
 * it cannot colour, move or break a line.
 */
export class Terminal {
  readonly #stdout: Output;
  readonly #stderr: Output;
  readonly #colour: { stdout: boolean; stderr: boolean };

  constructor(streams: { stdout: Output; stderr: Output }, colour: { stdout: boolean; stderr: boolean }) {
    this.#stdout = streams.stdout;
    this.#stderr = streams.stderr;
    this.#colour = colour;
  }

  /** A line of what was asked for. */
  print(line: Line = ''): void {
    this.#stdout.write(`${paint(line, this.#colour.stdout)}\n`);
  }

  /** A line about it: progress, hints, errors. */
  say(line: Line): void {
    this.#stderr.write(`${paint(line, this.#colour.stderr)}\n`);
  }

  /** What is already safe and has a format of its own: CSV, JSON, help. */
  printVerbatim(text: string): void {
    this.#stdout.write(text);
  }
}

export function toned(tone: Tone, text: string): Span {
  return { text, tone };
}

function paint(line: Line, colour: boolean): string {
  const spans: readonly Span[] = typeof line === 'string' || 'text' in line ? [line] : line;
  return spans
    .map((span) => paintSpan(typeof span === 'string' ? { text: span, tone: 'plain' } : span, colour))
    .join('');
}

function paintSpan({ text, tone }: { text: string; tone: Tone }, colour: boolean): string {
  const clean = cleanText(text);
  return colour && tone !== 'plain' ? styleText(STYLES[tone], clean, { validateStream: false }) : clean;
}
