import type { Grant, Operation } from '@bursar/bus/access';
import type { topics } from '@bursar/events/topics';

/** Who logs in to Kafka as what, without `User:`. Several services may share a name; one each can be told apart. */
export type Principals = {
  readonly emitters: readonly string[];
  readonly guards: readonly string[];
  readonly aggregator: string;
  readonly revoker: string;
};

/** The names that the guides use. */
export const PRINCIPALS: Principals = {
  emitters: ['bursar-emitter'],
  guards: ['bursar-guard'],
  aggregator: 'bursar-aggregator',
  revoker: 'bursar-revoker',
};

type Right = Omit<Grant, 'principal'>;

/**
 * All that anybody needs of Bursar's topics and groups, and nothing more: no right to make, change or delete one,
 * none on the cluster. README.md beside this says why each of them is needed.
 */
export function accessOf(names: ReturnType<typeof topics>, groupPrefix: string, principals: Principals): Grant[] {
  const { usage, quarantine, standing } = names;
  const emitter = topic(usage.name, 'write', 'describe');
  const guard = [...topic(standing.name, 'read', 'describe'), ...group(`${groupPrefix}.guard.`, true)];
  const aggregator = [
    ...topic(usage.name, 'read', 'write', 'describe', 'describe_configs'),
    ...group(`${groupPrefix}.aggregator`, false),
    ...topic(quarantine.name, 'write', 'describe'),
    ...topic(standing.name, 'describe'),
  ];
  const revoker = topic(standing.name, 'write', 'describe');
  return [
    ...principals.emitters.flatMap((name) => granted(name, emitter)),
    ...granted(principals.aggregator, aggregator),
    ...granted(principals.revoker, revoker),
    ...principals.guards.flatMap((name) => granted(name, guard)),
  ];
}

function topic(name: string, ...operations: Operation[]): Right[] {
  return operations.map((operation) => ({ resource: 'topic', name, operation, isPrefix: false }));
}

function group(name: string, isPrefix: boolean): Right[] {
  return [{ resource: 'group', name, operation: 'read', isPrefix }];
}

function granted(name: string, rights: readonly Right[]): Grant[] {
  return rights.map((right) => ({ principal: `User:${name}`, ...right }));
}
