import { randomBytes } from 'node:crypto';
import { chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from '../free-port.ts';
import type { Keeper } from '../keep.ts';
import { runProgram } from '../run-program.ts';
import type { Identity } from '../throwaway-authority.ts';
import { serverVersion, withClient } from './client.ts';
import { type PostgresPrograms, postgresPrograms } from './programs.ts';
import { postgresArguments } from './server-settings.ts';

// A fixed locale: the server's messages and sort order are the same on every machine.
const ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC' };

/** Starts a real PostgreSQL on a free port with the database `bursar`; ready when it returns. */
export async function startLocalPostgres(options: {
  keeper: Keeper;
  durable: boolean;
  /** What the server shows. It then takes TLS connections alone, and the URL trusts this authority. */
  tls?: Identity & { readonly authority: string };
}): Promise<{ url: string; version: string }> {
  const { keeper, durable, tls } = options;
  const found = await postgresPrograms(keeper.folder);
  const password = randomBytes(18).toString('base64url');
  const cluster = await initialise(found, password);
  const trust = tls ? await demandTls(found, cluster, tls) : { args: [], query: '' };
  const [port] = await freePorts(1);
  const sockets = ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='];
  await keeper.start({
    name: 'postgres',
    command: found.postgres,
    args: ['-D', cluster, '-p', String(port), ...sockets, ...postgresArguments(durable), ...trust.args],
    cwd: cluster,
    env: ENVIRONMENT,
    stopSignal: 'SIGQUIT',
    ...(found.runAs ? { runAs: found.runAs } : {}),
  });
  const server = `postgres://postgres:${password}@127.0.0.1:${port}`;
  const version = await keeper.waitFor('postgres', () =>
    serverVersion(`${server}/postgres${trust.query}`).catch(() => undefined),
  );
  await withClient(`${server}/postgres${trust.query}`, (client) => client.query('create database bursar'));
  return { url: `${server}/bursar${trust.query}`, version };
}

/** Lets nobody in without TLS; returns the server's arguments and what a URL needs to check the server. */
async function demandTls(
  { home, runAs }: PostgresPrograms,
  cluster: string,
  tls: Identity & { readonly authority: string },
): Promise<{ args: string[]; query: string }> {
  const write = async (name: string, text: string) => {
    await writeFile(join(cluster, name), text, { mode: 0o600 });
    if (runAs) await chown(join(cluster, name), runAs.uid, runAs.gid);
  };
  await write('server.crt', tls.certificate);
  await write('server.key', tls.key);
  await write('pg_hba.conf', 'hostssl all all 127.0.0.1/32 scram-sha-256\n');
  const authority = join(home, 'authority.pem');
  await writeFile(authority, tls.authority);
  return { args: ['-c', 'ssl=on'], query: `?sslmode=verify-full&sslrootcert=${authority}` };
}

async function initialise({ initdb, home, runAs }: PostgresPrograms, password: string): Promise<string> {
  const cluster = join(home, 'postgres');
  const passwordFile = join(home, 'postgres-password');
  await mkdir(cluster, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (runAs) for (const path of [cluster, passwordFile]) await chown(path, runAs.uid, runAs.gid);
  const access = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  await runProgram(initdb, [`--pgdata=${cluster}`, '--no-sync', ...access, ...locale], {
    cwd: cluster,
    env: ENVIRONMENT,
    ...(runAs ? { runAs } : {}),
  });
  await rm(passwordFile);
  return cluster;
}
