import type { Mutant } from './mutant.ts';

const claim = 'services/revoker/acts/claim.ts';
const carryOut = 'services/revoker/acts/carry-out.ts';
const attempts = 'services/revoker/attempts.pg.test.ts';
const gate = 'services/revoker/gate.pg.test.ts';
const suspend = 'services/revoker/suspend.pg.test.ts';
const stillStands = 'services/revoker/acts/still-stands.test.ts';

/** No key off without leave, none called off without being seen off. */
export const revokerMutants: readonly Mutant[] = [
  {
    name: 'a key that is bound late lets every key of the breach be decided again',
    file: 'services/revoker/breaches/targets.ts',
    find: 'return reopenedFor === null',
    replace: 'return reopenedFor !== undefined',
    killedBy: 'services/revoker/suspend.pg.test.ts',
    tests: 'what waits for a person goes on waiting',
  },
  {
    name: 'a limit that has changed since is broken again by a key that is bound late',
    file: 'packages/db/src/enforcement/breach.ts',
    find: ' and r.generation = b.generation',
    replace: '',
    killedBy: 'services/revoker/suspend.pg.test.ts',
    tests: 'a key that is bound late brings nothing back',
  },
  {
    name: 'no read-back',
    file: carryOut,
    find: "outcome: isSettled(claim.wanted, seen.status) ? 'verified' : 'unverified',",
    replace: "outcome: 'verified',",
    killedBy: attempts,
    tests: 'a 200 that changes nothing is never taken for success',
  },
  {
    name: 'Anthropic is not asked first before a further attempt',
    file: claim,
    find: 'const askFirst = number > 1 ||',
    replace: 'const askFirst = number < 1 ||',
    killedBy: attempts,
    tests: 'an effect that comes late is noticed before the call is repeated',
  },
  {
    name: 'a key of unknown state is switched on without a look',
    file: claim,
    find: ` || (approved.length === 0 && control.observed === 'unknown')`,
    replace: '',
    killedBy: 'services/revoker/looks-first.pg.test.ts',
    tests: 'a key that comes back after an attempt of unknown end',
  },
  {
    name: 'no caps',
    file: claim,
    find: 'if (full !== undefined) {',
    replace: 'if (full !== undefined && full.allowed < 0) {',
    killedBy: gate,
    tests: 'the cap of a day is a share of the active keys',
  },
  {
    name: 'a cap is passed by one',
    file: 'services/revoker/acts/caps.ts',
    find: 'used >= allowed',
    replace: 'used > allowed',
    killedBy: gate,
    tests: 'the cap of a day is a share of the active keys',
  },
  {
    name: 'the gate is not locked',
    file: 'packages/db/src/enforcement/gate.ts',
    find: 'from enforcement_gate for update',
    replace: 'from enforcement_gate',
    killedBy: 'services/revoker/gate-lock.pg.test.ts',
    tests: 'a pause that commits while a claim is under way',
  },
  {
    name: 'a pause is ignored',
    file: 'services/revoker/acts/gatekeeper.ts',
    find: 'if (gate.paused) return',
    replace: 'if (gate.paused && gate.pauseIsOver) return',
    killedBy: gate,
    tests: 'while paused nothing is switched off',
  },
  {
    name: 'the breaker is ignored',
    file: 'services/revoker/acts/gatekeeper.ts',
    find: 'if (gate.breakerOpenSince !== null) return',
    replace: "if (gate.breakerReason === '') return",
    killedBy: gate,
    tests: 'a refused admin credential shuts the gate',
  },
  {
    name: 'the end of a pause lets all of the backlog out',
    file: claim,
    find: 'if (next.backlog) await markBacklogActed(connection);',
    replace: '',
    killedBy: gate,
    tests: 'while paused nothing is switched off',
  },
  {
    name: 'a protected key is held',
    file: 'services/revoker/breaches/verdict.ts',
    find: 'if (entry?.protected) {',
    replace: "if (entry?.protected && entry.name === '') {",
    killedBy: suspend,
    tests: 'a protected key pages and leaves a finding',
  },
  {
    name: 'protection is not read again before the act',
    file: 'services/revoker/acts/still-stands.ts',
    find: "if (entry?.protected) return 'the policy protects the key now';",
    replace: '',
    killedBy: suspend,
    tests: 'a key that became protected after its hold was approved',
  },
  {
    name: 'the binding is not read again before the act',
    file: 'services/revoker/acts/still-stands.ts',
    find: 'hold.boundNow !== hold.boundThen',
    replace: 'hold.boundThen === undefined',
    killedBy: stillStands,
    tests: 'a hold falls with each single thing it rests on',
  },
  {
    name: 'the sums are not read again before the act',
    file: 'packages/db/src/enforcement/approved-hold.ts',
    find: 'else l.total - l.provisional >= r.amount end, false)',
    replace: 'else true end, true)',
    killedBy: suspend,
    tests: 'a limit that was raised before the call',
  },
  {
    name: 'in observe mode holds are approved',
    file: 'services/revoker/breaches/verdict.ts',
    find: "return mode.auto ? { kind: 'approve' } :",
    replace: "return mode.auto || !mode.auto ? { kind: 'approve' } :",
    killedBy: suspend,
    tests: 'in observe mode',
  },
  {
    name: 'a key comes back although another hold is in force',
    file: 'services/revoker/holds/release-holds.ts',
    find: '|| (await holdsInForce(connection, apiKeyId)).length > 0) return false;',
    replace: ') return false;',
    killedBy: 'services/revoker/release.pg.test.ts',
    tests: 'two holds on one key',
  },
];
