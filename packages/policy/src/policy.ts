/** What a limit counts. Amounts of `cost` are pico-dollars (1e-12 USD). */
export type Metric = 'cost' | 'tokens' | 'requests';

export type FixedPeriod = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year' | 'total';
export type Period = FixedPeriod | 'sliding_minute';

/** Exactly one is set, by its name in the file. `*` (every role) only as `role`, and only with `each: key`. */
export type Selector = { key?: string; role?: string; workspace?: string; service?: string };

/** What is summed; not how much is allowed, so raising a limit needs no refill. */
export type Measure = {
  /** Canonical text made from the rest: equal measures have equal ids. */
  id: string;
  select: Selector;
  each: 'key' | 'together';
  metric: Metric;
  period: Period;
  /** IANA name; `UTC` where the zone can't matter (minute, total, sliding_minute). */
  timezone: string;
};

export type Resume = { kind: 'next_period' } | { kind: 'after'; ms: number } | { kind: 'manual' };

export type Limit = {
  name: string;
  measure: Measure;
  /** Pico-dollars, tokens or requests, as `measure.metric` says; more than 0. */
  amount: bigint;
  /** Ascending, each 1–99. */
  warnAtPercent: number[];
  onBreach: 'alert' | 'suspend';
  resume: Resume;
  /** Sliding rates only: how long the rate must stand before it counts as a breach. */
  afterMs: number;
};

export type KeyEntry = {
  name: string;
  service: string;
  owner: string;
  environment: string;
  role: string;
  costCenter?: string;
  /** Never switched off by Bursar; it pages instead. */
  protected: boolean;
  rotateEveryMs: number;
  /** How long before the rotation date to remind; descending. */
  remindMs: number[];
  graceMs: number;
};

/** `models` holds family names, model ids or `*`. */
export type Role = { name: string; allowed: boolean; models: string[]; maxTokens?: number; rpm?: number };

export type Cap = { count: number } | { percent: number };

export type Enforcement = {
  mode: 'observe' | 'auto';
  caps: { per10Minutes: number; perHour: number; perDay: Cap };
};

/**
 * Whose records count. `requireSignature` names the services that must sign theirs, sorted; `['*']` is every one.
 * Without `acceptUnsigned` no policy in mode auto lets a service go unsigned.
 */
export type EventRules = { requireSignature: string[]; acceptUnsigned: boolean };

/** One immutable version of what the organization has decided. */
export type Policy = {
  organization: { name: string; timezone: string };
  /** Family name → the model id it means when a call uses it. */
  families: Record<string, string>;
  roles: Record<string, Role>;
  /** Environment name → workspace names. */
  environments: Record<string, string[]>;
  keys: KeyEntry[];
  events: EventRules;
  limits: Limit[];
  enforcement: Enforcement;
};

/** Whether records of a service count only when that service signed them. */
export function mustSign({ requireSignature }: EventRules, service: string): boolean {
  return requireSignature.includes('*') || requireSignature.includes(service);
}

/** A measure with its id. Zones that can't matter become `UTC`, so that equal sums are one measure. */
export function makeMeasure(parts: Omit<Measure, 'id'>): Measure {
  const zoneMatters = !['minute', 'total', 'sliding_minute'].includes(parts.period);
  const timezone = zoneMatters ? parts.timezone : 'UTC';
  const [kind, name] = selected(parts.select);
  return { ...parts, timezone, id: `${parts.metric} ${parts.period} ${timezone} ${parts.each} ${kind}=${name}` };
}

/** The one field of a selector that is set, with its name. Throws RangeError when none or several are. */
export function selected(select: Selector): [kind: keyof Selector, name: string] {
  const { key, role, workspace, service } = select;
  const kinds = Object.entries({ key, role, workspace, service }).filter(([, name]) => name !== undefined);
  const [only] = kinds as [keyof Selector, string][];
  if (!only || kinds.length > 1) {
    throw new RangeError(`A selector sets one of key, role, workspace, service; this one sets ${kinds.length}.`);
  }
  return only;
}
