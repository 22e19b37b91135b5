import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { SoakKey } from '../company.ts';
import type { Account, Order, Progress, Report } from './messages.ts';
import type { PriceChange } from './price-history.ts';

export type RunningGenerator = {
  readonly progress: Progress;
  /** Lets a further key take part in the traffic. */
  add(key: SoakKey): void;
  /** Lets the account follow another price. */
  changePrice(priceChange: PriceChange): void;
  /** Rejects when the process ends without its account. */
  readonly finished: Promise<Account>;
} & AsyncDisposable;

/** Starts the generator's process; it ends with this one, however that ends. */
export function startGenerator(start: Extract<Order, { start: unknown }>['start']): RunningGenerator {
  const child = fork(fileURLToPath(new URL('generator.ts', import.meta.url)), [], { serialization: 'advanced' });
  const order = (message: Order) => child.send(message);
  let progress: Progress = { made: 0, waiting: 0, failedSends: 0 };
  const finished = new Promise<Account>((resolve, reject) => {
    child.on('message', (report: Report) => {
      if ('progress' in report) progress = report.progress;
      else resolve(report.finished);
    });
    child.once('exit', (code, signal) => reject(new Error(`the generator ended with ${signal ?? code}`)));
  });
  finished.catch(() => {});
  order({ start });
  return {
    get progress() {
      return progress;
    },
    add: (key) => void order({ key }),
    changePrice: (priceChange) => void order({ priceChange }),
    finished,
    async [Symbol.asyncDispose]() {
      if (!child.connected) return;
      child.disconnect();
      await once(child, 'exit');
    },
  };
}
