import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { REPOSITORY } from '../../infra/local/repository.ts';

export const PROJECT = 'bursar-proof';
export const EMULATOR_URL = 'http://127.0.0.1:24010';

export type Container = { Service: string; State: string; Health: string; ExitCode: number; ID: string };

/** What `docker compose config` makes of a service, as far as it is looked at. */
export type ServiceConfig = {
  image: string;
  ports?: { host_ip?: string }[];
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  healthcheck?: object;
};

/** Runs docker and returns what it wrote to stdout. Rejects, with the end of what it wrote to stderr, when it fails. */
export async function docker(...words: string[]): Promise<string> {
  const options = { cwd: REPOSITORY, maxBuffer: 64 * 1024 * 1024 };
  const running = promisify(execFile)('docker', words, options).catch((error: { stderr: string }) => {
    throw new Error(`docker ${words.join(' ')} failed:\n${error.stderr.slice(-2_000)}`);
  });
  return (await running).stdout.trim();
}

/** `docker compose` with the app profile, as a project of its own. */
export async function compose(...words: string[]): Promise<string> {
  const project = ['--project-name', PROJECT, '--env-file', 'test/compose/proof.env', '--profile', 'app'];
  return await docker('compose', ...project, ...words);
}

export async function serviceConfigs(): Promise<Record<string, ServiceConfig>> {
  const config = JSON.parse(await compose('config', '--format', 'json')) as { services: Record<string, ServiceConfig> };
  return config.services;
}

/** Every container of the project, ended ones too. */
export async function containers(): Promise<Container[]> {
  const lines = (await compose('ps', '--all', '--format', 'json')).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Container);
}

/** The name of everything that belongs to the project, whatever its state. */
export async function leftovers(): Promise<string[]> {
  const label = ['--filter', `label=com.docker.compose.project=${PROJECT}`];
  const lists = await Promise.all([
    docker('ps', '--all', '--quiet', ...label),
    docker('volume', 'ls', '--quiet', ...label),
    docker('network', 'ls', '--quiet', ...label),
  ]);
  return lists.flatMap((list) => list.split('\n')).filter((name) => name !== '');
}
