import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { aggregatorMutants } from './aggregator-mutants.ts';
import { busMutants } from './bus-mutants.ts';
import { ledgerMutants } from './ledger-mutants.ts';
import type { Mutant } from './mutant.ts';
import { revokerMutants } from './revoker-mutants.ts';
import { simulationMutants } from './simulation-mutants.ts';

export type Selection = {
  /** The name of the only one that is wanted. */
  only?: string | undefined;
  /** Also those that the simulation must notice, which takes its time. */
  simulation?: boolean | undefined;
};

/** The mutants that are wanted. Throws when there is none, or when a name or a test file is not what it says. */
export function mutantsOf(folder: string, { only, simulation = false }: Selection): readonly Mutant[] {
  const all: readonly Mutant[] = [
    ...ledgerMutants,
    ...aggregatorMutants,
    ...busMutants,
    ...revokerMutants,
    ...(simulation ? simulationMutants.map((mutant) => ({ ...mutant, name: `simulation: ${mutant.name}` })) : []),
  ];
  const names = all.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`two mutants are called "${twice}": --only could not tell them apart`);
  const lost = all.find(({ killedBy }) => !existsSync(join(folder, killedBy)));
  if (lost !== undefined)
    throw new Error(`${lost.killedBy}, which should kill the mutant "${lost.name}", is not there`);
  if (only === undefined) return all;
  const wanted = all.filter(({ name }) => name === only);
  if (wanted.length === 0) throw new Error(`no mutant is called "${only}"; there are:\n  ${names.join('\n  ')}`);
  return wanted;
}
