import type { Verdict } from './run-mutant.ts';

/** The verdicts as lines: mutant, its file, the test that killed it, seconds. */
export function tableOf(verdicts: readonly Verdict[]): string[] {
  const rows = verdicts.map((verdict) => [
    verdict.mutant.name,
    verdict.mutant.file,
    outcomeOf(verdict),
    verdict.seconds.toFixed(1),
  ]);
  const all = [['mutant', 'file', 'killed by', 'seconds'], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]!.length)));
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}

function outcomeOf(verdict: Verdict): string {
  if (verdict.verdict === 'killed') return verdict.by;
  if (verdict.verdict === 'survived') return `SURVIVED ${verdict.mutant.killedBy}`;
  return `UNDECIDED ${verdict.mutant.killedBy}: ${verdict.because}`;
}
