import { closestMatch } from 'leven';

type Issue = { input?: unknown; code?: string | undefined };

/** A zod error that says what stands there and what should. */
export function wanted(what: string, planned: Record<string, string> = {}): (issue: Issue) => string {
  return ({ input }) => {
    if (input === undefined) return `is missing; ${what}`;
    const future = typeof input === 'string' && Object.hasOwn(planned, input) ? planned[input] : undefined;
    return future ? notBuilt(future) : `is ${shown(input)}; ${what}`;
  };
}

/** What a policy may want one day and this version does not do. Accepting it would promise a protection that isn't there. */
export function notBuilt(what: string): string {
  return `asks for ${what}, which is planned but not enforced by this version; take it out`;
}

/** ` (did you mean "x"?)`, or nothing when no candidate is near. */
export function didYouMean(text: string, candidates: readonly string[]): string {
  const folded = new Map(candidates.map((candidate) => [candidate.toLowerCase(), candidate]));
  const maxDistance = Math.max(1, Math.floor(text.length / 3));
  const near = closestMatch(text.toLowerCase(), [...folded.keys()], { maxDistance });
  const meant = near === undefined ? undefined : folded.get(near);
  return meant === undefined ? '' : ` (did you mean ${shown(meant)}?)`;
}

/** A value as it may stand in a message: quoted and short. */
export function shown(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
