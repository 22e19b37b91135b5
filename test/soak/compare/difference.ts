/** What one comparison looked at, and what is not as the oracle says. */
export type Comparison = { readonly what: string; readonly compared: number; readonly differences: readonly string[] };

/** Compares what is with what must be, by name; a name that only one side has is a difference. */
export function compareMaps(
  what: string,
  is: ReadonlyMap<string, string>,
  mustBe: ReadonlyMap<string, string>,
): Comparison {
  const names = new Set([...is.keys(), ...mustBe.keys()]);
  const differences: string[] = [];
  for (const name of names) {
    const [found, expected] = [is.get(name) ?? 'nothing', mustBe.get(name) ?? 'nothing'];
    if (found !== expected) differences.push(`${what} ${name}: is ${found}, must be ${expected}`);
  }
  return { what, compared: names.size, differences };
}
