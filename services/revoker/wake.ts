import { setTimeout as sleep } from 'node:timers/promises';
import { type Channel, openListener } from '@bursar/db/pool';
import { fullJitter } from '@bursar/runtime/backoff';
import { describeError } from '@bursar/runtime/describe-error';
import type { Log } from '@bursar/runtime/log';
import type { Part } from '@bursar/runtime/part';

const CHANNELS: readonly Channel[] = ['bursar_breach', 'bursar_command', 'bursar_configuration'];
const BACKOFF = { baseMs: 250, capMs: 5_000, random: Math.random };

/**
 * Listens for what Postgres announces and passes it on. It only saves time: whoever is woken also looks each second,
 * so a lost connection is mended in peace and is no reason to be unready.
 */
export function createWaker(databaseUrl: string, onNotify: (channel: Channel) => void, log: Log): Part {
  async function listenOnce(signal: AbortSignal): Promise<void> {
    const lost = Promise.withResolvers<void>();
    const listener = await openListener(databaseUrl, 'bursar revoker', CHANNELS, onNotify, () => lost.resolve());
    // What was announced while nobody listened is looked for now.
    for (const channel of CHANNELS) onNotify(channel);
    signal.addEventListener('abort', () => lost.resolve(), { once: true });
    await lost.promise;
    await listener.close().catch(() => {});
  }

  return {
    name: 'wake',
    async run(signal) {
      for (let failures = 0; !signal.aborted; failures++) {
        await listenOnce(signal).then(
          () => {
            failures = 0;
          },
          (error) =>
            log.warn({ err: error }, `cannot listen to Postgres, looking each second: ${describeError(error)}`),
        );
        if (signal.aborted) return;
        await sleep(fullJitter(failures, BACKOFF), undefined, { signal }).catch(() => {});
      }
    },
  };
}
