import type { ChainRun } from '../measures/chain.ts';
import type { Figures } from './figures.ts';

/** A line of the table: what, what was measured, the aim, the line below which it is not done. */
export type Row = { what: string; measured: string; aim: string; notBelow: string };

const rate = (perS: number) => `${Math.round(perS).toLocaleString('en')}/s`;
const ms = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en')} ms`;
const times = (share: number) => `${share.toFixed(2)} ×`;
const row = (what: string, measured: string, aim = '', notBelow = ''): Row => ({ what, measured, aim, notBelow });

/** The table, top to bottom; design's aims stand beside the figures they are for. */
export function rowsOf(figures: Figures): Row[] {
  return [...chainRows(figures), ...databaseRows(figures), ...enforcementRows(figures), ...costRows(figures)];
}

function chainRows({ chain, ceilings, recovery }: Figures): Row[] {
  const [saturated, signed] = chain.slice(-2) as [ChainRun, ChainRun];
  const paced = chain.slice(0, -2).flatMap((run) => {
    const at = `at ${run.offeredPerS.toLocaleString('en')}/s`;
    const most = run.offeredPerS <= 2_000 ? 'p99 ≤ 60 ms' : 'p99 ≤ 250 ms';
    const { p50Ms, p99Ms } = run.fromEmit;
    return [
      row(`send → committed ${at}: p50 / p95 / p99`, [run.p50Ms, run.p95Ms, run.p99Ms].map(ms).join(' / '), most, most),
      row(`  with the emitter's linger: p50 / p99`, `${ms(p50Ms)} / ${ms(p99Ms)}`),
      ...(run.dropped > 0 ? [row("  not sent: the emitter's queue was full", `${run.dropped} events`)] : []),
    ];
  });
  return [
    row('whole chain, exact sums', rate(saturated.storedPerS), '40,000/s', '25,000/s'),
    row('  of consume only', times(saturated.storedPerS / ceilings.consumePerS), '', '0.07 ×'),
    row(
      '  every record signed',
      `${rate(signed.storedPerS)} = ${times(signed.storedPerS / saturated.storedPerS)} unsigned`,
    ),
    row('  ceiling: consume only', rate(ceilings.consumePerS)),
    ...paced,
    row('aggregator SIGKILLed at 2,000/s: worst delay', ms(recovery.worstMs)),
    row('aggregator SIGTERMed at 2,000/s: worst delay', ms(recovery.afterSigtermWorstMs)),
  ];
}

function databaseRows({ databaseStep, databaseSteps, lanes, ceilings }: Figures): Row[] {
  const others = databaseSteps.filter(({ batch }) => batch !== databaseStep.batch);
  const [one, ...more] = lanes;
  return [
    row(
      `database step, ${databaseStep.batch.toLocaleString('en')} a batch`,
      rate(databaseStep.perS),
      '70,000/s',
      '40,000/s',
    ),
    row('  of COPY only', times(databaseStep.perS / ceilings.copyPerS), '', '0.10 ×'),
    row('  ceiling: COPY only', rate(ceilings.copyPerS)),
    row('  of it adding up in Node', `${Math.round(databaseStep.sumShare * 100)} %`),
    ...others.map(({ batch, perS }) => row(`  ${batch.toLocaleString('en')} a batch`, rate(perS))),
    ...more.map(({ n, perS }) =>
      row(
        `${n} lanes that share two windows`,
        `${rate(perS)} = ${times(perS / one!.perS)} one`,
        ...(n === 2 ? (['1.3 ×', '1.15 ×'] as const) : []),
      ),
    ),
  ];
}

function enforcementRows({ crossingToRequest: request, crossingToReadBack: back, overshoot }: Figures): Row[] {
  const most = 'p50 ≤ 20 ms, p99 ≤ 60 ms';
  return [
    row(
      `limit crossed → Admin request, ${request.keys} keys: p50 / p99`,
      `${ms(request.p50Ms)} / ${ms(request.p99Ms)}`,
      most,
      most,
    ),
    row('  → read back: p50 / p99', `${ms(back.p50Ms)} / ${ms(back.p99Ms)}`, 'p99 ≤ 150 ms', 'p99 ≤ 150 ms'),
    ...overshoot.map(({ callers, guard, usd, requests, spendUsdPerS, delayMs }) =>
      row(
        `overshoot of $1: ${callers} ${callers === 1 ? 'caller' : 'callers'}${guard ? ', guard' : ''}`,
        `$${usd.toFixed(3)}, ${requests} requests (${ms(delayMs)} at $${spendUsdPerS.toFixed(2)}/s)`,
      ),
    ),
  ];
}

function costRows({ idle, eventBytes, bytesPerStoredEvent, storage }: Figures): Row[] {
  const cells = `${storage.minuteCellsPerEvent.toFixed(3)} minute, ${storage.quarterHourCellsPerEvent.toFixed(3)} quarter-hour`;
  const idling = idle && `${idle.cpuPercent.toFixed(1)} % of a core, ${Math.round(idle.rssMiB)} MiB`;
  const most = '3 % of a core, 400 MiB';
  return [
    row('all services idle', idling ?? 'not measured: no /proc here', most, most),
    row('bytes of an event in Kafka', `${Math.round(eventBytes)}`),
    row('bytes of a stored event, row with index', `${Math.round(bytesPerStoredEvent)}`, '300', '300'),
    row('  cube cells per event', cells),
  ];
}
