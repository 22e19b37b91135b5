import { join } from 'node:path';
import { readJavaHome } from '../config.ts';
import { runProgram } from '../run-program.ts';

const OLDEST = 17;
const ADVICE =
  `Install Java ${OLDEST} or newer (Debian, Ubuntu: apt install openjdk-17-jre-headless; macOS: brew install openjdk), ` +
  'or start Docker, or set KAFKA_BROKERS to a broker that you have.';

/** The path of a Java that can run Kafka 4. Throws an error that says what to install when there is none. */
export async function findJava(javaHome: string | undefined = readJavaHome()): Promise<string> {
  const java = javaHome ? join(javaHome, 'bin', 'java') : 'java';
  const printed = await runProgram(java, ['-version']).catch((error: Error) => {
    throw new Error(
      `Kafka needs Java ${OLDEST} or newer, and there is no working one here (${error.message}). ${ADVICE}`,
    );
  });
  const version = javaMajorVersion(printed);
  if (version < OLDEST) throw new Error(`Kafka needs Java ${OLDEST} or newer; ${java} is Java ${version}. ${ADVICE}`);
  return java;
}

/** The major version in what `java -version` prints: 17 for `"17.0.15"`, 8 for `"1.8.0_292"`, 0 when there is none. */
export function javaMajorVersion(printed: string): number {
  const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(printed) ?? [];
  return Number((first === '1' ? second : first) ?? 0);
}
