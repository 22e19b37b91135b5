import { copyFile, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ProgramError, runProgram } from '../run-program.ts';

const POM = fileURLToPath(new URL('pom.xml', import.meta.url));
const PROGRESS_MS = 10_000;

/** The folder with Kafka's jars under `<root>/cache`; resolved by Maven the first time and whenever pom.xml changes. */
export async function kafkaJars(root: string, say: (line: string) => void): Promise<string> {
  const pom = await readFile(POM, 'utf8');
  const version = /<artifactId>kafka_[^<]+<\/artifactId>\s*<version>([^<]+)</.exec(pom)?.[1];
  const cache = join(root, 'cache');
  const folder = join(cache, `kafka-${version}`);
  if ((await readFile(join(folder, 'pom.xml'), 'utf8').catch(() => '')) === pom) return folder;

  say(`Kafka ${version}: resolving its jars with Maven (about 44 MB, only the first time)`);
  await mkdir(cache, { recursive: true });
  // Into a folder of its own, then one rename: a second start at the same time never sees half a set.
  const fresh = await mkdtemp(join(cache, '.resolving-'));
  try {
    await copyDependencies(fresh, say);
    await copyFile(POM, join(fresh, 'pom.xml'));
    await rm(folder, { recursive: true, force: true });
    await rename(fresh, folder);
  } catch (error) {
    // A rename onto a folder that is no longer empty: the other start was quicker, and its set is the same.
    if ((await readFile(join(folder, 'pom.xml'), 'utf8').catch(() => '')) !== pom) throw error;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return folder;
}

async function copyDependencies(folder: string, say: (line: string) => void): Promise<void> {
  let downloaded = 0;
  const progress = setInterval(() => say(`Kafka: ${downloaded} files downloaded so far`), PROGRESS_MS);
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${folder}`];
  try {
    await runProgram('mvn', ['--batch-mode', '--file', POM, ...goal], {
      onOutput: (text) => {
        downloaded += text.split('Downloaded from').length - 1;
      },
    });
  } catch (error) {
    if (!(error instanceof ProgramError && error.missing)) throw error;
    throw new Error(
      'Kafka needs Maven (the program mvn) to get its jars. Install Maven (Debian, Ubuntu: apt install maven; macOS: ' +
        'brew install maven), or start Docker, or set KAFKA_BROKERS to a broker that you have.',
    );
  } finally {
    clearInterval(progress);
  }
}
