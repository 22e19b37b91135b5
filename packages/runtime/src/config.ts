import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import type { z } from 'zod';
import { type CommandLine, flagOf, parseCommandLine } from './command-line.ts';
import { scrub } from './scrub.ts';

export { optionsHelp } from './config-text.ts';
export { boolean, integer, list, milliseconds, port, text, url } from './option-parsers.ts';

export type OptionSpec = {
  /** Takes the raw string; see the ready-made parsers. */
  readonly schema: z.ZodType;
  /** Name of the environment variable. */
  readonly env: string;
  /** One sentence for `--help` and for the error when the option is missing. */
  readonly describe: string;
  /** Raw, as it would be written in the environment. */
  readonly default?: string;
  /** Never shown by `--check-config` or in a problem. */
  readonly secret?: boolean;
  /** Also accept `<env>_FILE`, the path of a file whose trimmed content is the value. */
  readonly file?: boolean;
};

export type OptionSpecs = Record<string, OptionSpec>;
export type ValuesOf<T extends OptionSpecs> = { [Name in keyof T]: z.output<T[Name]['schema']> };

export type Sources = {
  /** Without the executable and the script. */
  argv: readonly string[];
  env: Record<string, string | undefined>;
  readFile?: (path: string) => string;
};

/** Where the value in force comes from, for `--check-config`. `raw` holds secrets: never print it as it is. */
export type EffectiveOption = { name: string; raw: string | undefined; origin: string; secret: boolean };

export type Reading<T extends OptionSpecs> =
  | { ok: true; values: ValuesOf<T>; effective: EffectiveOption[] }
  | { ok: false; problems: string[] };

const RESERVED_FLAGS = new Set(['help', 'check-config', 'env-file']);

/** The command line and the environment of this process. */
export function processSources(): Sources {
  return { argv: process.argv.slice(2), env: process.env };
}

/** Declares options once for reading, help and checking. Throws when two options share a variable or a flag is reserved. */
export function defineOptions<T extends OptionSpecs>(options: T): T {
  const owners = new Map<string, string>();
  for (const [name, option] of Object.entries(options)) {
    if (RESERVED_FLAGS.has(flagOf(name))) throw new Error(`option ${name}: the flag --${flagOf(name)} is reserved`);
    const owner = owners.get(option.env);
    if (owner !== undefined) throw new Error(`options ${owner} and ${name} both read ${option.env}`);
    owners.set(option.env, name);
  }
  return options;
}

/**
 * Reads every option: flag, else environment, else env file (`--env-file` or `BURSAR_ENV_FILE`), else default.
 * An empty variable counts as not set. Reports all problems at once, each as a line that says what to change;
 * never throws for bad input, and never repeats the value of a secret.
 */
export function readOptions<T extends OptionSpecs>(options: T, sources: Sources): Reading<T> {
  const readFile = sources.readFile ?? ((path) => readFileSync(path, 'utf8'));
  const commandLine = parseCommandLine(Object.keys(options), sources.argv);
  const envFile = readEnvFile(commandLine, sources.env, readFile);
  const problems = [...commandLine.problems, ...envFile.problems];
  const effective: EffectiveOption[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(options)) {
    const layers = [envLayer('environment', sources.env), envLayer(envFile.origin, envFile.variables)];
    const found = lookUp(name, option, commandLine, layers, readFile);
    if ('problem' in found) {
      problems.push(found.problem);
      continue;
    }
    const parsed = option.schema.safeParse(found.raw);
    if (parsed.success) values[name] = parsed.data;
    else problems.push(problemLine(name, option, found, parsed.error));
    effective.push({ name, ...found, secret: option.secret ?? false });
  }
  if (problems.length > 0) return { ok: false, problems };
  // Each option of T was parsed by its own schema above.
  return { ok: true, values: values as ValuesOf<T>, effective };
}

type Found = { raw: string | undefined; origin: string };
type EnvLayer = { origin: string; get(variable: string): string | undefined };

function envLayer(origin: string, variables: Record<string, string | undefined>): EnvLayer {
  return { origin, get: (variable) => variables[variable] || undefined };
}

function readEnvFile(commandLine: CommandLine, env: Sources['env'], readFile: (path: string) => string) {
  const path = commandLine.envFile ?? (env.BURSAR_ENV_FILE || undefined);
  if (path === undefined) return { origin: 'env file', variables: {}, problems: [] };
  const origin = `env file ${path}`;
  try {
    return { origin, variables: parseEnv(readFile(path)), problems: [] };
  } catch (error) {
    const from = commandLine.envFile === undefined ? 'BURSAR_ENV_FILE' : '--env-file';
    return { origin, variables: {}, problems: [`${from}: cannot read ${path}: ${(error as Error).message}`] };
  }
}

function lookUp(
  name: string,
  option: OptionSpec,
  commandLine: CommandLine,
  layers: EnvLayer[],
  readFile: (path: string) => string,
): Found | { problem: string } {
  const flag = commandLine.flags.get(name);
  if (flag !== undefined) return { raw: flag, origin: `flag --${flagOf(name)}` };
  for (const layer of layers) {
    const raw = layer.get(option.env);
    const fileVariable = `${option.env}_FILE`;
    const path = option.file ? layer.get(fileVariable) : undefined;
    if (raw !== undefined && path !== undefined)
      return { problem: `${option.env} and ${fileVariable} are both set in the ${layer.origin}; remove one` };
    if (raw !== undefined) return { raw, origin: `${layer.origin}, ${option.env}` };
    if (path !== undefined) return readValueFile(path, fileVariable, readFile);
  }
  return { raw: option.default, origin: option.default === undefined ? 'not set' : 'default' };
}

function readValueFile(
  path: string,
  variable: string,
  readFile: (path: string) => string,
): Found | { problem: string } {
  try {
    return { raw: readFile(path).trim(), origin: `file ${path}, ${variable}` };
  } catch (error) {
    return { problem: `${variable}: cannot read ${path}: ${(error as Error).message}` };
  }
}

function problemLine(name: string, option: OptionSpec, found: Found, error: z.ZodError): string {
  if (found.raw === undefined) {
    const variable = option.file ? `${option.env} or ${option.env}_FILE` : option.env;
    return `${variable} is not set (or --${flagOf(name)}): ${option.describe}`;
  }
  const reasons = [...new Set(error.issues.map((issue) => issue.message))].join('; ');
  // A message of zod may quote its input, so that of a secret is not shown either.
  if (option.secret) return `${option.env} (${found.origin}): not in the expected form: ${option.describe}`;
  return `${option.env} (${found.origin}): ${reasons}, got ${scrub(JSON.stringify(found.raw.slice(0, 80)))}`;
}
