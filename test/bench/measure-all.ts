import { cpus, totalmem } from 'node:os';
import type { Stack } from '../../infra/local/start-stack.ts';
import type { BenchOptions } from './config.ts';
import { FULL, QUICK } from './config.ts';
import { measureChain } from './measures/chain.ts';
import { measureCrossing } from './measures/crossing.ts';
import { measureDatabase } from './measures/database-step.ts';
import { measureIdle } from './measures/idle.ts';
import { measureOvershoot } from './measures/overshoot.ts';
import { measureRecovery } from './measures/recovery.ts';
import { measureSaturation } from './measures/saturation.ts';
import type { Figures } from './output/figures.ts';

/** One measurement after the other: each has the machine to itself. */
export async function measureAll(options: BenchOptions, stack: Stack, say: (line: string) => void): Promise<Figures> {
  const sizes = options.quick ? QUICK : FULL;
  const measure = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    say(`  ${what}`);
    return await work();
  };
  const database = await measure('database step, lanes, COPY only', () => measureDatabase(sizes.eventsPerStep));
  const databaseStep = database.steps.find(({ batch }) => batch === 5_000)!;
  // The chain is never faster than its database step: this lasts at least as long as it should.
  const backlog = Math.ceil((databaseStep.perS * sizes.saturationSeconds) / 10_000) * 10_000;
  const saturation = await measure(`whole chain, ${backlog.toLocaleString('en')} events wait`, () =>
    measureSaturation(backlog, { profileFolder: options.profile }),
  );
  const signed = await measure('the same, every record signed', () => measureSaturation(backlog, { isSigned: true }));
  const slow = await measure('whole chain at 2,000/s', () => measureChain(2_000, sizes.chainSeconds));
  const fast = await measure('whole chain at 10,000/s', () => measureChain(10_000, sizes.chainSeconds));
  const killed = await measure('recovery', () => measureRecovery('SIGKILL', sizes.recoverySeconds));
  const asked = await measureRecovery('SIGTERM', sizes.recoverySeconds);
  const crossing = await measure('limit crossed → Admin request', () =>
    measureCrossing(sizes.crossingKeys, sizes.crossingSeconds),
  );
  const overshoot = await measure('overshoot of a budget', () => measureOvershoot([1, 10, 100]));
  const idle = await measure('idle', () => measureIdle(sizes.idleSeconds));
  const chain = [slow, fast, saturation.run, signed.run];
  return {
    ...{ ranAt: new Date().toISOString(), quick: options.quick, machine: machineOf(stack), chain },
    ...{ databaseStep, databaseSteps: database.steps, lanes: database.lanes },
    crossingToRequest: { ...crossing.toRequest, keys: crossing.keys, exact: crossing.exact },
    crossingToReadBack: crossing.toReadBack,
    overshoot,
    recovery: {
      ...{ worstMs: killed.worstMs, afterSigtermWorstMs: asked.worstMs, exact: killed.exact && asked.exact },
    },
    ...(idle ? { idle } : {}),
    eventBytes: saturation.eventBytes,
    bytesPerStoredEvent: saturation.storage.bytesPerEvent,
    storage: saturation.storage,
    ceilings: { consumePerS: saturation.consumePerS, copyPerS: database.copyPerS },
    exact: [...chain, database, killed, asked, crossing].every(({ exact }) => exact),
  };
}

function machineOf({ kafka, postgres }: Stack): Figures['machine'] {
  const [first, ...others] = cpus();
  return {
    ...{
      cores: 1 + others.length,
      model: first?.model.trim() ?? 'unknown',
      memoryGiB: Math.round(totalmem() / 2 ** 30),
    },
    ...{ node: process.versions.node, kafka: kafka.version, postgres: postgres.version },
  };
}
