import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { migrate } from '@bursar/db/migrate';
import { withClient } from '../../local/postgres/client.ts';
import { type OwnPostgres, startOwnPostgres } from '../../local/postgres/own-postgres.ts';

const ROLES = fileURLToPath(new URL('../roles.sql', import.meta.url));

/** People: a login of its own in one of the groups. */
export const PEOPLE = { olga: 'bursar_owner', adam: 'bursar_admin', dora: 'bursar_developer', finn: 'bursar_billing' };
const SERVICES = ['bursar_migrator', 'bursar_aggregator', 'bursar_scheduler', 'bursar_revoker'] as const;

export type Login = (typeof SERVICES)[number] | keyof typeof PEOPLE;

/** A PostgreSQL of a test's own, set up as the guide says: roles, passwords, schema, rights, people. */
export type RoleWorld = {
  readonly server: OwnPostgres;
  /** As the superuser, or as one of the logins with its own password. */
  url(login?: Login): string;
} & AsyncDisposable;

export async function createRoleWorld(): Promise<RoleWorld> {
  const server = await startOwnPostgres();
  try {
    const logins = [...SERVICES, ...(Object.keys(PEOPLE) as (keyof typeof PEOPLE)[])];
    const passwords = new Map<Login, string>(logins.map((login) => [login, randomBytes(18).toString('base64url')]));
    const url = (login?: Login) => (login ? withLogin(server.url, login, passwords.get(login)!) : server.url);
    await applyRoles(server.url);
    await withClient(server.url, async (client) => {
      for (const [person, group] of Object.entries(PEOPLE))
        await client.query(`create role ${person} login in role ${group}`);
      for (const [login, password] of passwords) await client.query(`alter role ${login} password '${password}'`);
    });
    await migrate(url('bursar_migrator'));
    await applyRoles(server.url);
    return { server, url, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

/** Runs the file as `psql -f` does. */
export async function applyRoles(url: string): Promise<void> {
  const script = await readFile(ROLES, 'utf8');
  await withClient(url, (client) => client.query(script));
}

function withLogin(url: string, name: string, password: string): string {
  const changed = new URL(url);
  changed.username = name;
  changed.password = password;
  return changed.href;
}
