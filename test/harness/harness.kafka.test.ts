import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watermarks } from '@bursar/bus/admin';
import { freshTopics } from './kafka.ts';

test('fresh topics are there with their partitions, and no two tests share them', async () => {
  const [one, two] = await Promise.all([freshTopics(), freshTopics()]);
  assert.notEqual(one.prefix, two.prefix);
  const settings = { brokers: one.brokers, clientId: 'harness-test' };
  assert.equal((await watermarks(settings, one.topics.usage.name)).length, one.topics.usage.partitions);
  await assert.rejects(watermarks(settings, `${one.prefix}.misspelled`));
});
