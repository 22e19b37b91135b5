/** Makes Bursar's topics and ACLs; safe to repeat. `--help` says how. */
import { type Grant, grantAccess, listAccess } from '@bursar/bus/access';
import { createTopics } from '@bursar/bus/admin';
import { topics } from '@bursar/events/topics';
import { accessOf } from './access.ts';
import { HELP, readConfig, type SecureConfig } from './config.ts';

type Sentence = Omit<Grant, 'operation'> & { readonly operation: string };

async function secure({ kafka, topicPrefix, principals, isDryRun }: SecureConfig): Promise<void> {
  const names = topics(topicPrefix);
  const grants = accessOf(names, topicPrefix, principals);
  for (const grant of grants) say(sentence(grant));
  if (isDryRun) return say('Nothing was changed.');
  await createTopics(kafka, Object.values(names));
  await grantAccess(kafka, grants);
  say(`${grants.length} rights are in force.`);
  const wanted = new Set(grants.map(sentence));
  const others = (await listAccess(kafka)).filter(
    (found) => concerns(found, topicPrefix) && !wanted.has(sentence(found)),
  );
  for (const other of others) say(`not from here, and still allowed: ${sentence(other)}`);
}

function sentence({ principal, operation, resource, name, isPrefix }: Sentence): string {
  return `${principal} may ${operation} ${resource} ${name}${isPrefix ? '*' : ''}`;
}

/** Whether a right reaches a topic or group of this installation. */
function concerns({ name, isPrefix }: Sentence, topicPrefix: string): boolean {
  return name === '*' || name.startsWith(`${topicPrefix}.`) || (isPrefix && `${topicPrefix}.`.startsWith(name));
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<void> {
  const config = readConfig();
  if (config === undefined) return void process.stdout.write(HELP);
  await secure(config);
}

main().catch((error: NodeJS.ErrnoException) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error.name === 'KafkaOptionsError' || error.code?.startsWith('ERR_PARSE_ARGS') ? 2 : 1;
});
