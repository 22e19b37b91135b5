// A real service whose parts behave as the command line says, for tests that need a real process.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { defineOptions, text } from '../src/config.ts';
import type { Log } from '../src/log.ts';
import { runMain } from '../src/main.ts';
import { createRegistry } from '../src/metrics.ts';
import { ExitError, type Part, runService, waitUntil } from '../src/service.ts';

const STEPS = ['start', 'run', 'drain', 'stop'] as const;
export type Step = (typeof STEPS)[number];
/** What a step does besides being logged; `run` waits for the signal when it is told nothing. */
export type Behaviour =
  | 'fail'
  | 'hang'
  | 'exit-7'
  | 'end'
  | 'reject-elsewhere'
  | 'throw-elsewhere'
  | 'await-dependency';
export type ScriptedPart = { name: string; notReady?: string } & { [S in Step]?: Behaviour };

const options = defineOptions({
  parts: {
    schema: text.transform((raw) => z.array(z.custom<ScriptedPart>()).parse(JSON.parse(raw))),
    env: 'PARTS',
    default: '[]',
    describe: 'Parts, as JSON.',
  },
  apiKey: { schema: text.optional(), env: 'API_KEY', secret: true, file: true, describe: 'A credential.' },
  brokenBefore: {
    schema: text.optional(),
    env: 'BROKEN_BEFORE',
    describe: 'Throw before the service runs: crash, exit-7 or leak.',
  },
});

// Outlives no test: standard input ends with the process that started this one.
process.stdin.resume().on('end', () => process.kill(process.pid, 'SIGKILL'));
process.stdin.unref();

await runMain('scripted', options, async (config, log) => {
  if (config.brokenBefore === 'exit-7') throw new ExitError(`no licence for ${config.apiKey}`, 7);
  if (config.brokenBefore === 'leak') setInterval(() => {}, 1_000);
  if (config.brokenBefore === 'crash') {
    Promise.reject(new Error(`lost ${config.apiKey}`));
    await new Promise(() => {});
  }
  await runService({
    name: 'scripted',
    log,
    metrics: createRegistry('scripted'),
    health: { host: config.healthHost, port: config.healthPort },
    drainTimeoutMs: config.drainTimeoutMs,
    parts: config.parts.map((part) => partOf(part, log)),
  });
});

function partOf(script: ScriptedPart, log: Log): Part {
  const play = (step: Step) => async (signal?: AbortSignal) => {
    log.info({ step: `${step} ${script.name}` }, 'step');
    await act(script[step] ?? (step === 'run' ? 'await-signal' : 'nothing'), script.name, log, signal);
  };
  const ready = (): true | string => script.notReady ?? true;
  return { name: script.name, start: play('start'), run: play('run'), drain: play('drain'), stop: play('stop'), ready };
}

async function act(behaviour: Behaviour | 'await-signal' | 'nothing', name: string, log: Log, signal?: AbortSignal) {
  if (behaviour === 'fail') throw new Error(`${name} is broken`);
  if (behaviour === 'exit-7') throw new ExitError(`${name} refuses`, 7);
  if (behaviour === 'hang') await new Promise(() => {});
  if (behaviour === 'reject-elsewhere') Promise.reject(new Error('nobody awaits this'));
  if (behaviour === 'throw-elsewhere')
    setImmediate(() => {
      throw new Error('nobody catches this');
    });
  if (behaviour === 'await-dependency') {
    const away = () => Promise.reject(new Error('connection refused'));
    await waitUntil('the database', away, { timeoutMs: 300, log, ...(signal ? { signal } : {}) });
  }
  if (behaviour === 'await-signal' || behaviour.endsWith('-elsewhere'))
    await sleep(1e9, undefined, signal ? { signal } : {});
}
