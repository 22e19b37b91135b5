import type { Connection } from '../pool.ts';
import { cubeInsert } from './cubes.ts';
import { emitterInsert, emitterQuarterInsert } from './emitters.ts';
import {
  type CubeRow,
  cubeRows,
  type EmitterQuarterRow,
  type EmitterRow,
  emitterQuarterRows,
  emitterRows,
  type WindowRow,
} from './rows.ts';

/** What a set of events adds up to. Every list is sorted by its table's key, so that lanes never deadlock. */
export type Sums = {
  minutes: readonly CubeRow[];
  quarterHours: readonly CubeRow[];
  emitters: readonly EmitterRow[];
  emitterQuarters: readonly EmitterQuarterRow[];
  windows: readonly WindowRow[];
};

/** Adds to the cubes and to the accounts of emitters, in one round trip. `isGrouped`: a cell may come more than once. */
export async function addSums(
  connection: Connection,
  { minutes, quarterHours, emitters, emitterQuarters }: Omit<Sums, 'windows'>,
  isGrouped = false,
): Promise<void> {
  await connection.query({
    name: isGrouped ? 'add-grouped-sums' : 'add-sums',
    text: isGrouped ? GROUPED : TEXT,
    values: [
      ...cubeRows.parameters(minutes),
      ...cubeRows.parameters(quarterHours),
      ...emitterRows.parameters(emitters),
      ...emitterQuarterRows.parameters(emitterQuarters),
    ],
  });
}

const [TEXT, GROUPED] = [false, true].map((isGrouped) => {
  const emittersFrom = 1 + 2 * cubeRows.width;
  return `with minutes as (${cubeInsert('usage_minute', 1, isGrouped)}),
               quarter_hours as (${cubeInsert('usage_quarter_hour', 1 + cubeRows.width, isGrouped)}),
               emitters as (${emitterInsert(emittersFrom)}),
               emitter_quarters as (${emitterQuarterInsert(emittersFrom + emitterRows.width)})
          select 1`;
}) as [string, string];
