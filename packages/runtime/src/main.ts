import { parseCommandLine } from './command-line.ts';
import { type CommonOptions, commonOptions } from './common-options.ts';
import {
  type EffectiveOption,
  type OptionSpecs,
  optionsHelp,
  processSources,
  readOptions,
  type Sources,
  type ValuesOf,
} from './config.ts';
import { effectiveText } from './config-text.ts';
import { reportFatal } from './exit-error.ts';
import { createLog, type Log } from './log.ts';

/** A service's own options, and the common ones that it does not declare itself. */
export type MainConfig<T extends OptionSpecs> = ValuesOf<Omit<CommonOptions, keyof T> & T>;

/**
 * What every `main.ts` shares. Reads the options (with logLevel, healthHost, healthPort and drainTimeoutMs added),
 * answers `--help` and `--check-config`, prints every problem and ends with code 2, or builds the log and calls `start`,
 * which resolves when the service has ended. An ExitError of `start` becomes one line and its exit code, any other
 * error a logged stack and code 1.
 */
export async function runMain<T extends OptionSpecs>(
  name: string,
  options: T,
  start: (config: MainConfig<T>, log: Log) => Promise<void>,
  sources: Sources = processSources(),
): Promise<void> {
  const all: Omit<CommonOptions, keyof T> & T = { ...commonOptions, ...options };
  const { mode } = parseCommandLine(Object.keys(all), sources.argv);
  if (mode === 'help') return print(`${name}\n\n${optionsHelp(all)}`);
  const reading = readOptions(all, sources);
  if (!reading.ok) return refuse(name, reading.problems);
  if (mode === 'check') return print(effectiveText(reading.effective));

  const log = createLog({ service: name, level: levelOf(reading.effective), secrets: secretsOf(reading.effective) });
  logCrashes(name, log);
  try {
    await start(reading.values, log);
  } catch (error) {
    process.exitCode = reportFatal(log, `${name} ends`, error);
  }
  endDespiteLeftovers(log);
}

function print(text: string): void {
  process.stdout.write(text);
}

function refuse(name: string, problems: readonly string[]): void {
  const lines = problems.map((problem) => `  - ${problem}\n`).join('');
  process.stderr.write(`${name} cannot start; its configuration is wrong (--help lists every option):\n${lines}`);
  process.exitCode = 2;
}

function levelOf(effective: readonly EffectiveOption[]): string {
  return effective.find(({ name }) => name === 'logLevel')?.raw ?? 'info';
}

function secretsOf(effective: readonly EffectiveOption[]): string[] {
  return effective.flatMap(({ raw, secret }) => (secret && raw !== undefined ? [raw] : []));
}

/** Outside `runService`, which has listeners of its own, a crash must still go through the log: Node would print it unredacted. */
function logCrashes(name: string, log: Log): void {
  process.on('uncaughtException', (error) => {
    if (process.listenerCount('uncaughtException') > 1) return;
    process.exit(reportFatal(log, `${name} ends: uncaught error`, error));
  });
}

const LEFTOVER_GRACE_MS = 2_000;

/** A socket or timer that nobody closed would keep an ended service alive for ever; says so and ends it. */
function endDespiteLeftovers(log: Log): void {
  const watchdog = setTimeout(() => {
    const heldBy = process.getActiveResourcesInfo();
    log.error({ heldBy }, `ended, but still held open after ${LEFTOVER_GRACE_MS} ms by: ${heldBy.join(', ')}`);
    process.exit(process.exitCode || 1);
  }, LEFTOVER_GRACE_MS);
  watchdog.unref();
}
