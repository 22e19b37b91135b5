import type { ActiveMeasure, Configuration } from '@bursar/db/configuration/measures';
import type { Dimension } from '@bursar/db/ledger/dimensions';
import type { FixedPeriod } from '@bursar/policy/policy';
import { createWindowFinder, type Window } from '@bursar/policy/window';

/** A measure that a dimension counts into, with the subject of its windows. */
export type Counted = {
  measureId: number;
  subject: string;
  metric: ActiveMeasure['metric'];
  /** Undefined when the window that holds the instant began before the measure was kept. */
  windowAt(atMs: number): Window | undefined;
};

/** Which measures a dimension counts into, under one configuration. Pure. */
export type Counting = { countedBy(dimension: Dimension): Counted[] };

/** Sliding rates have no window of their own: they are judged from the minute cube. */
export function compileCounting(configuration: Pick<Configuration, 'measures'>): Counting {
  const measures = configuration.measures
    .filter((measure) => measure.period !== 'sliding_minute')
    .map((measure) => ({ measure, windowAt: windowsOf(measure) }));
  return {
    countedBy: (dimension) =>
      measures
        .filter(({ measure }) => selects(measure, dimension))
        .map(({ measure, windowAt }) => ({
          measureId: measure.measureId,
          subject: measure.eachKind === 'key' ? String(dimension.key_ref) : '',
          metric: measure.metric,
          windowAt,
        })),
  };
}

function windowsOf(measure: ActiveMeasure): Counted['windowAt'] {
  const find = createWindowFinder(measure.period as FixedPeriod, measure.timezone);
  const countedFromMs = measure.countedFrom.getTime();
  return (atMs) => {
    const window = find(atMs);
    return window.startMs < countedFromMs ? undefined : window;
  };
}

function selects(measure: ActiveMeasure, dimension: Dimension): boolean {
  switch (measure.selectKind) {
    case 'key':
      return measure.resolved?.includes(String(dimension.key_ref)) ?? false;
    case 'workspace':
      return measure.resolved?.includes(dimension.workspace_id) ?? false;
    case 'role':
      return measure.selectName === '*' || measure.selectName === dimension.role;
    case 'service':
      return measure.selectName === dimension.service;
  }
}
