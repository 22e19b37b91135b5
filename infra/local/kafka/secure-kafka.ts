import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from '../free-port.ts';
import type { Identity } from '../throwaway-authority.ts';
import { type BrokerOptions, runBroker } from './local-kafka.ts';
import { type KafkaUser, secureSettings } from './secure-settings.ts';

export type SecureKafkaOptions = BrokerOptions & {
  /** PEM texts: what the broker shows, and the authority whose certificates it takes. */
  readonly identity: Identity;
  readonly authority: string;
  /** Stands above the ACLs; logs in with SASL PLAIN. */
  readonly admin: KafkaUser;
  readonly plainUsers: readonly KafkaUser[];
  readonly scramUsers: readonly (KafkaUser & { readonly mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-512' })[];
};

/**
 * Starts a real Kafka broker that speaks TLS alone, lets in known users alone and allows what an ACL allows.
 * It answers when this returns; its group coordinators may need a moment longer.
 */
export async function startSecureKafka(options: SecureKafkaOptions): Promise<{ brokers: string; version: string }> {
  const { identity, authority, admin, plainUsers, scramUsers, keeper } = options;
  const [port, controllerPort] = await freePorts(2);
  const folder = join(keeper.folder, 'kafka');
  const [keystoreFile, truststoreFile] = [join(folder, 'broker.pem'), join(folder, 'authority.pem')];
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(keystoreFile, `${identity.key}${identity.certificate}`, { mode: 0o600 });
  await writeFile(truststoreFile, authority);
  const brokers = `127.0.0.1:${port}`;
  const controllerAddress = `127.0.0.1:${controllerPort}`;
  const version = await runBroker(
    options,
    secureSettings({ address: brokers, controllerAddress, keystoreFile, truststoreFile, admin, plainUsers }),
    scramUsers.flatMap(({ mechanism, name, password }) => [
      '--add-scram',
      `${mechanism}=[name=${name},password=${password}]`,
    ]),
  );
  return { brokers, version };
}
