import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kafkaFromEnvironment } from '@bursar/bus/kafka-environment';
import type { KafkaSettings } from '@bursar/bus/kafka-settings';
import { startSecureKafka } from '../../local/kafka/secure-kafka.ts';
import { startKeeper } from '../../local/keep.ts';
import { REPOSITORY } from '../../local/repository.ts';
import { createRunFolder } from '../../local/run-folder.ts';
import { createThrowawayAuthority, type ThrowawayAuthority } from '../../local/throwaway-authority.ts';
import { PRINCIPALS } from '../access.ts';

type Mechanism = 'plain' | 'scram-sha-256' | 'scram-sha-512';

/** A broker of a test's own that lets in one user per service, by TLS and a login; nobody may do anything yet. */
export type SecureWorld = {
  readonly authority: ThrowawayAuthority;
  readonly passwords: string[];
  /** The environment of a process that logs in as that user. */
  environment(user: string): Record<string, string>;
  /** A file with this text, gone at the end. */
  file(name: string, text: string): Promise<string>;
} & AsyncDisposable;

export const MECHANISMS: Readonly<Record<string, Mechanism>> = {
  admin: 'plain',
  [PRINCIPALS.emitters[0]!]: 'plain',
  [PRINCIPALS.aggregator]: 'scram-sha-512',
  [PRINCIPALS.revoker]: 'scram-sha-256',
  [PRINCIPALS.guards[0]!]: 'scram-sha-512',
  stranger: 'scram-sha-256',
};

export async function createSecureWorld(): Promise<SecureWorld> {
  const onExit = new AsyncDisposableStack();
  const users = Object.entries(MECHANISMS).map(([name, mechanism]) => ({
    ...{ name, mechanism },
    password: randomBytes(18).toString('base64url'),
  }));
  const folder = await mkdtemp(join(tmpdir(), 'bursar-secure-'));
  onExit.defer(() => rm(folder, { recursive: true }));
  const file = async (name: string, text: string) => {
    await writeFile(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const authority = await createThrowawayAuthority();
  const keeper = startKeeper(await createRunFolder(`${REPOSITORY}/.bursar`));
  onExit.defer(() => keeper.close());
  const { brokers } = await startSecureKafka({
    root: `${REPOSITORY}/.bursar`,
    keeper,
    say: (line) => process.stderr.write(`${line}\n`),
    identity: await authority.server(),
    authority: authority.certificate,
    admin: users[0]!,
    plainUsers: users.filter(({ mechanism }) => mechanism === 'plain'),
    scramUsers: users.flatMap(({ name, password, mechanism }) =>
      mechanism === 'plain' ? [] : [{ name, password, mechanism: SCRAM[mechanism] }],
    ),
  });
  const caFile = await file('ca.pem', authority.certificate);
  return {
    authority,
    passwords: users.map(({ password }) => password),
    file,
    environment(user) {
      const { mechanism, password } = users.find(({ name }) => name === user)!;
      return {
        KAFKA_BROKERS: brokers,
        KAFKA_TLS: 'true',
        KAFKA_CA_FILE: caFile,
        KAFKA_SASL_MECHANISM: mechanism,
        KAFKA_USERNAME: user,
        KAFKA_PASSWORD: password,
      };
    },
    [Symbol.asyncDispose]: () => onExit.disposeAsync(),
  };
}

const SCRAM = { 'scram-sha-256': 'SCRAM-SHA-256', 'scram-sha-512': 'SCRAM-SHA-512' } as const;

/** Settings for a client that reads such an environment, as every process of Bursar does. */
export function settingsOf(environment: Record<string, string>): KafkaSettings {
  return { ...kafkaFromEnvironment(environment), clientId: 'bursar-test' };
}
