import kafkajs, { type AclEntry } from 'kafkajs';
import { withAdmin } from './admin.ts';
import type { KafkaSettings } from './kafka-settings.ts';

export type Operation = 'read' | 'write' | 'describe' | 'describe_configs';

/** One right: who may do what with a topic or a consumer group, from everywhere. */
export type Grant = {
  /** As Kafka writes it: `User:bursar-aggregator`, `User:CN=search`. */
  readonly principal: string;
  readonly operation: Operation;
  readonly resource: 'topic' | 'group';
  readonly name: string;
  /** True when `name` is the beginning of the names that are meant. */
  readonly isPrefix: boolean;
};

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
const OPERATION = {
  read: AclOperationTypes.READ,
  write: AclOperationTypes.WRITE,
  describe: AclOperationTypes.DESCRIBE,
  describe_configs: AclOperationTypes.DESCRIBE_CONFIGS,
} satisfies Record<Operation, number>;
const RESOURCE = { topic: AclResourceTypes.TOPIC, group: AclResourceTypes.GROUP };
const PATTERN = { literal: ResourcePatternTypes.LITERAL, prefix: ResourcePatternTypes.PREFIXED };

/** Makes the ACLs that are missing; those that exist stay. Needs Alter on the cluster. */
export async function grantAccess(kafka: KafkaSettings, grants: readonly Grant[]): Promise<void> {
  await withAdmin(kafka, (admin) => admin.createAcls({ acl: grants.map(entryOf) }));
}

/** Every ACL that allows something on a topic or group, of anybody; `operation` is `other` for what Grant has no word for. */
export async function listAccess(
  kafka: KafkaSettings,
): Promise<(Omit<Grant, 'operation'> & { operation: Operation | 'other' })[]> {
  const found = await withAdmin(kafka, (admin) =>
    admin.describeAcls({
      resourceType: AclResourceTypes.ANY,
      resourcePatternType: ResourcePatternTypes.ANY,
      operation: AclOperationTypes.ANY,
      permissionType: AclPermissionTypes.ALLOW,
    }),
  );
  return found.resources.flatMap(({ resourceType, resourceName, resourcePatternType, acls }) => {
    const resource = wordOf(RESOURCE, resourceType);
    if (resource === undefined) return [];
    const isPrefix = resourcePatternType === PATTERN.prefix;
    return acls.map(({ principal, operation }) => ({
      ...{ principal, resource, name: resourceName, isPrefix },
      operation: wordOf(OPERATION, operation) ?? ('other' as const),
    }));
  });
}

function entryOf({ principal, operation, resource, name, isPrefix }: Grant): AclEntry {
  return {
    principal,
    host: '*',
    operation: OPERATION[operation],
    permissionType: AclPermissionTypes.ALLOW,
    resourceType: RESOURCE[resource],
    resourceName: name,
    resourcePatternType: isPrefix ? PATTERN.prefix : PATTERN.literal,
  };
}

function wordOf<Word extends string>(words: Record<Word, number>, code: number): Word | undefined {
  return (Object.keys(words) as Word[]).find((word) => words[word] === code);
}
