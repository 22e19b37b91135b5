import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { eventually } from '../../../infra/local/eventually.ts';
import { type Installation, install, policyText } from '../../harness/installation.ts';
import type { Calls, CallsMade } from './callers.ts';

export type Overshoot = {
  callers: number;
  guard: boolean;
  /** What was spent above the budget. A figure to read, not an amount that anything is charged by. */
  usd: number;
  /** Requests beyond the one that reached the budget. */
  requests: number;
  /** What the callers spent per second until they were refused. */
  spendUsdPerS: number;
  /** From the answer that reached the budget to the last one that was not refused. */
  delayMs: number;
};

const CALLERS = fileURLToPath(new URL('callers.ts', import.meta.url));
const MICRO = 1_000_000;
const BUDGET_TOKENS = 1 * MICRO;
/** What a call costs in input tokens, its one output token being as dear as five: half a cent. 200 calls make the budget. */
const TOKENS_PER_CALL = 5_005;
/** The one call that binds the key beforehand, in the same unit. */
const BINDING_TOKENS = 6;
const ANSWER_MS = 20;

/** A budget of one dollar under callers that do nothing but call, each until it is refused. One process calls, with the real emitter. */
export async function measureOvershoot(callerCounts: readonly number[]): Promise<Overshoot[]> {
  const keys = callerCounts.map((callers) => ({ name: `callers-${callers}` }));
  await using bursar = await install(
    'bench overshoot',
    keys.map(({ name }) => ({ name, workspace: 'Development' })),
  );
  await Promise.all([bursar.start('aggregator'), bursar.start('scheduler'), bursar.start('revoker')]);
  await bursar.inventory();
  const limits = keys.map(
    ({ name }) => `{ name: ${name}, key: ${name}, period: month, budget: 1 USD, on_breach: suspend }`,
  );
  await bursar.apply(policyText({ keys, limits }));
  for (const { name } of keys) await bursar.bind(name);
  bursar.emulator.addFault({ path: '^/v1/messages', fault: { kind: 'latency', delayMs: ANSWER_MS } });
  const figures: Overshoot[] = [];
  for (const callers of callerCounts) figures.push(await overshootOf(bursar, callers));
  return figures;
}

async function overshootOf({ emulator, kafka, db }: Installation, callers: number): Promise<Overshoot> {
  const name = `callers-${callers}`;
  const child = fork(CALLERS, [], { execArgv: [], serialization: 'advanced' });
  let made: CallsMade | undefined;
  child.once('message', (message) => {
    made = message as CallsMade;
  });
  const calls: Calls = {
    ...{
      baseUrl: emulator.url,
      apiKey: emulator.secretOf(name),
      name,
      callers,
      inputTokensPerCall: TOKENS_PER_CALL - 5,
    },
    kafka: { brokers: kafka.brokers, prefix: kafka.prefix },
  };
  child.send(calls);
  await once(child, 'exit');
  if (made === undefined) throw new Error('the callers ended without a word; their last words are above');
  await eventually(`the ledger holds every call of ${name}`, async () => {
    const { rows } = await db.query(
      `select sum(requests)::int as n from usage_minute join dimension using (dimension_id) where service = $1`,
      [name],
    );
    return rows[0].n >= made!.answeredAtMs.length;
  });
  return figuresOf(callers, made, emulator.summary().apiKeys.find((key) => key.name === name)!.usage);
}

/** By the emulator's own tally, which knows nothing of Bursar. Prices of claude-haiku-4-5: 1 and 5 USD per million. */
function figuresOf(
  callers: number,
  { answeredAtMs }: CallsMade,
  tally: { inputTokens: number; outputTokens: number },
): Overshoot {
  const spentTokens = tally.inputTokens + 5 * tally.outputTokens;
  const reachedBy = Math.ceil((BUDGET_TOKENS - BINDING_TOKENS) / TOKENS_PER_CALL);
  const beyond = Math.max(0, answeredAtMs.length - reachedBy);
  const seconds = (answeredAtMs.at(-1)! - answeredAtMs[0]!) / 1_000;
  return {
    ...{ callers, guard: false, requests: beyond },
    usd: (spentTokens - BUDGET_TOKENS) / MICRO,
    spendUsdPerS: ((answeredAtMs.length - 1) * TOKENS_PER_CALL) / MICRO / seconds,
    delayMs: answeredAtMs.at(-1)! - (answeredAtMs[reachedBy - 1] ?? answeredAtMs.at(-1)!),
  };
}
