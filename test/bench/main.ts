/** `pnpm bench`: what the whole does on this machine, beside what Kafka and Postgres alone do in the same run. Exit 1 only when a sum is not exact. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openPool } from '@bursar/db/pool';
import { readLocalConfig } from '../../infra/local/config.ts';
import { REPOSITORY } from '../../infra/local/repository.ts';
import { startStack } from '../../infra/local/start-stack.ts';
import { dropTemplates } from '../harness/database.ts';
import { offerToHarness, readBenchOptions } from './config.ts';
import { measureAll } from './measure-all.ts';
import { requireCommitTimes } from './measures/commits.ts';
import { circumstances, printed } from './output/print.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);

const options = readBenchOptions(process.argv.slice(2));
await using onExit = new AsyncDisposableStack();
const stack = await startStack({ root: join(REPOSITORY, '.bursar'), say, ...readLocalConfig() });
onExit.defer(() => stack.close());
onExit.defer(() => dropTemplates(stack.postgres.url));
offerToHarness({ kafkaBrokers: stack.kafka.brokers, databaseUrl: stack.postgres.url });
const db = openPool(stack.postgres.url, { name: 'bursar bench', max: 1 });
await requireCommitTimes(db).finally(() => db.end());

say(`Kafka ${stack.kafka.version}, PostgreSQL ${stack.postgres.version}; measuring`);
const figures = await measureAll(options, stack, say);
if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(figures, undefined, 2)}\n`);
say(`\n${printed(figures)}\n\n${circumstances(figures)}`);
say(figures.exact ? 'every sum is exact to the last digit' : 'NOT EXACT: see "exact" in the JSON of this run');
if (!figures.exact) process.exitCode = 1;
