import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type EmulatorSeed, emulatorSeed } from './seed.ts';

const environment = z.object({
  EMULATOR_HOST: z.string().default('127.0.0.1'),
  EMULATOR_PORT: z.coerce.number().int().min(0).max(65_535).default(4010),
  EMULATOR_SEED_FILE: z.string().optional(),
  EMULATOR_SECRETS_DIR: z.string().optional(),
  EMULATOR_RANDOM_SEED: z.coerce.number().int().optional(),
  EMULATOR_EFFECT_DELAY_MS: z.coerce.number().min(0).default(0),
  EMULATOR_REQUEST_LATENCY_MS: z.coerce.number().min(0).default(0),
  EMULATOR_ANALYTICS_DELAY_MS: z.coerce.number().min(0).default(0),
  EMULATOR_STREAM_CHUNKS: z.coerce.number().int().min(1).default(5),
});

export type EmulatorConfig = {
  host: string;
  port: number;
  seed: EmulatorSeed | undefined;
  secretsDir: string | undefined;
  randomSeed: number | undefined;
  effectDelayMs: number;
  requestLatencyMs: number;
  analyticsDelayMs: number;
  streamChunks: number;
};

/** A setting that cannot be used; the message names it and says what it needs. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Reads the `EMULATOR_*` variables and the seed file that they name. Throws `ConfigError`. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): EmulatorConfig {
  const read = environment.safeParse(env);
  if (!read.success) throw new ConfigError(z.prettifyError(read.error));
  const { data } = read;
  return {
    host: data.EMULATOR_HOST,
    port: data.EMULATOR_PORT,
    seed: data.EMULATOR_SEED_FILE === undefined ? undefined : readSeed(data.EMULATOR_SEED_FILE),
    secretsDir: data.EMULATOR_SECRETS_DIR,
    randomSeed: data.EMULATOR_RANDOM_SEED,
    effectDelayMs: data.EMULATOR_EFFECT_DELAY_MS,
    requestLatencyMs: data.EMULATOR_REQUEST_LATENCY_MS,
    analyticsDelayMs: data.EMULATOR_ANALYTICS_DELAY_MS,
    streamChunks: data.EMULATOR_STREAM_CHUNKS,
  };
}

function readSeed(path: string): EmulatorSeed {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError(`EMULATOR_SEED_FILE: ${path} cannot be read as JSON: ${(error as Error).message}`);
  }
  const read = emulatorSeed.safeParse(json);
  if (!read.success)
    throw new ConfigError(`EMULATOR_SEED_FILE: ${path} is not a seed:\n${z.prettifyError(read.error)}`);
  return read.data;
}
