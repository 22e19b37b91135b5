import fc from 'fast-check';

/** The same cases in every run, so that a failure seen once is seen again. */
const FIXED_SEED = 20_261_124;

/**
 * Checks a property on a fixed block of cases and on as many random ones, `cases` together. A failure names its seed and
 * the smallest case; `fc.assert(property, { seed, path })` repeats it.
 */
export function holds<T>(cases: number, property: fc.IProperty<T>): void {
  fc.assert(property, { seed: FIXED_SEED, numRuns: Math.ceil(cases / 2) });
  fc.assert(property, { numRuns: Math.floor(cases / 2) });
}
