import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { startEmulator } from '@bursar/anthropic-emulator/emulator';
import { createTopics } from '@bursar/bus/admin';
import { topics } from '@bursar/events/topics';
import { bareEnvironment } from '../../infra/local/config.ts';
import { REPOSITORY } from '../../infra/local/repository.ts';
import { stackAddresses } from '../../test/harness/config.ts';
import { readTopic } from '../../test/harness/kafka.ts';

const run = promisify(execFile);
const example = [join(REPOSITORY, 'examples/first-service/main.ts')];

test('the example makes one request, prints its id, and Kafka has its usage event', async () => {
  const { kafkaBrokers } = await stackAddresses();
  const brokers = kafkaBrokers.split(',');
  const specs = topics();
  await createTopics({ brokers, clientId: 'bursar-test' }, Object.values(specs));
  const emulator = await startEmulator({
    seed: { organization: { name: 'Acme' }, workspaces: [{ name: 'W' }], apiKeys: [{ name: 'k', workspace: 'W' }] },
  });
  const env = {
    ...bareEnvironment(),
    KAFKA_BROKERS: kafkaBrokers,
    ANTHROPIC_BASE_URL: emulator.url,
    ANTHROPIC_API_KEY: emulator.secretOf('k'),
  };
  const { stdout } = await run(process.execPath, example, { env });
  await emulator.close();
  const requestId = /^(req_\w+): \d+ input and \d+ output tokens\n$/.exec(stdout)?.[1];
  assert.ok(requestId, stdout);
  const records = await readTopic({ brokers, prefix: 'example', topics: specs }, specs.usage.name);
  assert.ok(
    records.some((record) => record.includes(`"requestId":"${requestId}"`) && record.includes('"first-service"')),
  );
});

test('without an address the example says in one line what to do', async () => {
  const env = { ...bareEnvironment(), KAFKA_BROKERS: '127.0.0.1:1', ANTHROPIC_BASE_URL: 'http://127.0.0.1:1' };
  const failure = await run(process.execPath, example, { env }).then(
    () => assert.fail('it did not fail'),
    (error: { code: number; stderr: string }) => error,
  );
  assert.equal(failure.code, 1);
  assert.equal(failure.stderr, 'ANTHROPIC_BASE_URL is set: set ANTHROPIC_API_KEY too.\n');
});
