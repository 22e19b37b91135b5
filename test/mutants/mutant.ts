/** A deliberate breakage of the product, and the test that is there to notice it. Plain data. */
export type Mutant = {
  readonly name: string;
  /** The file that is changed, from the repository's root. */
  readonly file: string;
  /** What stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** The test file that must fail. */
  readonly killedBy: string;
  /** A part of the names of the tests that are run, one of which must fail; all of the file where it is not told. */
  readonly tests?: string;
};
