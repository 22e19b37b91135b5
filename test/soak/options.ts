import { parseArgs } from 'node:util';

export type SoakOptions = {
  readonly minutes: number;
  /** Decides traffic, faults and policies; times on a real machine still differ from run to run. */
  readonly seed: number;
  /** Different events per second; duplicates come on top. */
  readonly rate: number;
};

/** `--minutes 10 --seed 1 --rate 920`. Throws for anything else. */
export function readOptions(args: readonly string[]): SoakOptions {
  const { values } = parseArgs({
    args: args.filter((argument) => argument !== '--'),
    options: {
      minutes: { type: 'string', default: '10' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      rate: { type: 'string', default: '920' },
    },
  });
  return {
    minutes: positive('minutes', values.minutes),
    seed: positive('seed', values.seed),
    rate: positive('rate', values.rate),
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} is ${text}; write a number above 0`);
  return value;
}
