import { ConfigError, readConfig } from './config.ts';
import { startEmulator } from './emulator.ts';
import { writeSecretFiles } from './secret-files.ts';
import { EmulatorSeedError } from './seed.ts';

try {
  const { secretsDir, seed, randomSeed, ...options } = readConfig();
  const emulator = await startEmulator({
    ...options,
    ...(seed !== undefined && { seed }),
    ...(randomSeed !== undefined && { randomSeed }),
  });
  if (secretsDir !== undefined) await writeSecretFiles(secretsDir, emulator);
  process.stdout.write(`anthropic-emulator listens on ${emulator.url}\n`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void emulator.close());
} catch (error) {
  const expected = error instanceof ConfigError || error instanceof EmulatorSeedError;
  process.stderr.write(`anthropic-emulator did not start: ${expected ? error.message : (error as Error).stack}\n`);
  process.exitCode = 1;
}
