import type { Emulator } from '@bursar/anthropic-emulator/emulator';
import type { Pool } from '@bursar/db/pool';
import type { SoakKey } from '../company.ts';
import { type Comparison, compareMaps } from './difference.ts';
import type { OracleWindow } from './oracle-windows.ts';

type Row = { rule: string; key: string; start: Date; end: Date; state: string };

/**
 * The keys whose open windows are over a limit that suspends are held and off at Anthropic, and no others. Where only
 * cost without a known price carries a window over its limit, the hold is proposed and the key stays on.
 */
export async function compareHolds(
  db: Pool,
  emulator: Emulator,
  windows: readonly OracleWindow[],
  keys: readonly SoakKey[],
  nowMs: number,
): Promise<Comparison[]> {
  const { rows } = await db.query<Row>(
    `select rule, k.name as key, window_start as start, window_end as end, state from hold join api_key k using (api_key_id)
      where state in ('proposed', 'approved', 'in_force') order by hold_id`,
  );
  // A proposal outlives its window by an hour, for people to see.
  const standing = rows.filter(({ state, end }) => state !== 'proposed' || end.getTime() > nowMs);
  const nameOf = new Map(keys.map(({ sha256, name }) => [sha256, name]));
  const due = windows
    .filter(({ limit, endMs, total }) => limit.suspends && endMs > nowMs && total >= limit.amount)
    .map((window) => {
      const { limit, subject, startMs, total, provisional } = window;
      const key = subject === '' ? limit.select.name : nameOf.get(subject)!;
      const state = total - provisional >= limit.amount ? 'in_force' : 'proposed';
      return { key, state, name: holdName(limit.name, key, startMs) };
    });
  const off = new Set(due.filter(({ state }) => state === 'in_force').map(({ key }) => key));
  return [
    compareMaps(
      'hold',
      new Map(standing.map(({ rule, key, start, state }) => [holdName(rule, key, start.getTime()), state])),
      new Map(due.map(({ name, state }) => [name, state])),
    ),
    compareMaps(
      'status at Anthropic',
      new Map(keys.map(({ name }) => [name, emulator.apiKey(name).status])),
      new Map(keys.map(({ name }) => [name, off.has(name) ? 'inactive' : 'active'])),
    ),
  ];
}

function holdName(rule: string, key: string, startMs: number): string {
  return `${rule}/${key}/${new Date(startMs).toISOString()}`;
}
