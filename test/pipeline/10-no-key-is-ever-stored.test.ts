import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProducer } from '@bursar/bus/producer';
import { eventually } from '../../infra/local/eventually.ts';
import { call, install, policyText } from '../harness/installation.ts';
import { readTopic } from '../harness/kafka.ts';

/** Longer than any hint: part of a credential. */
const CREDENTIAL = /sk-ant-[a-z]+\d*-[\w-]{12,}/;

test('no API key reaches Postgres, Kafka or a log, by whatever way it comes', async () => {
  await using bursar = await install('secrets', [{ name: 'search', workspace: 'Development' }]);
  await Promise.all([bursar.start('aggregator'), bursar.start('scheduler'), bursar.start('revoker')]);
  await bursar.inventory();
  const limit = '{ name: search per month, key: search, period: month, budget: 0.01 USD, on_breach: suspend }';
  await bursar.apply(policyText({ keys: [{ name: 'search' }], limits: [limit] }));
  const secret = bursar.emulator.secretOf('search');
  const { anthropic, meter } = bursar.client('search', { service: 'search', role: 'USER' });
  await meter.run({ principal: secret, tags: { token: secret, [secret]: 'x' } }, () => call(anthropic, 20_000));
  await eventually('the key is inactive', () => bursar.statusOf('search') === 'inactive');
  await assert.rejects(call(anthropic, 1), { status: 401 });

  const producer = createProducer({ brokers: bursar.kafka.brokers, clientId: 'bursar-test' });
  const hostile = [
    `{"key":"${secret}"`,
    `{"type":"${secret}"}`,
    `{"type":"dev.bursar.usage.v1","id":"${secret}"}`,
    secret,
  ];
  await producer.send(
    bursar.kafka.topics.usage.name,
    hostile.map((value) => ({ key: 'x', value })),
  );
  await producer.disconnect();
  await meter.close(5_000);
  await eventually('all of it is counted or in quarantine, and published', async () => {
    const { rows } = await bursar.db.query(
      `select (select count(*)::int from quarantine where published_at is not null) as refused, (select count(*)::int from usage_event) as stored`,
    );
    return rows[0].refused === hostile.length && rows[0].stored === 2;
  });

  const { rows: tables } = await bursar.db.query<{ name: string }>(
    `select quote_ident(table_name) as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
  );
  for (const { name } of tables) {
    const { rows } = await bursar.db.query<{ text: string }>(`select t::text as text from ${name} t`);
    for (const { text } of rows) assert.doesNotMatch(text, CREDENTIAL, `table ${name}`);
  }
  for (const topic of [bursar.kafka.topics.quarantine.name, bursar.kafka.topics.standing.name]) {
    const records = await readTopic(bursar.kafka, topic);
    assert.ok(records.length > 0, topic);
    for (const text of records) assert.doesNotMatch(text, CREDENTIAL, topic);
  }
  for (const [name, service] of bursar.services) assert.doesNotMatch(service.log(), CREDENTIAL, `log of ${name}`);
});
