import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asContainerEnvironment, asProperties, serverSettings, versionInLog } from './server-properties.ts';

test('the local broker and the container get the same settings, each in its own spelling', () => {
  assert.match(asProperties(serverSettings()), /^auto\.create\.topics\.enable=false$/m);
  assert.equal(asContainerEnvironment(serverSettings())['KAFKA_AUTO_CREATE_TOPICS_ENABLE'], 'false');
});

test('a Windows path survives the properties file', () => {
  assert.equal(asProperties({ 'log.dirs': 'C:\\data' }), 'log.dirs=C:\\\\data\n');
});

test('a broker tells its version only once it has started', () => {
  const early = '[…] INFO Kafka version: 4.3.1 (org.apache.kafka.common.utils.AppInfoParser)\n';
  assert.equal(versionInLog(early), undefined);
  assert.equal(versionInLog(`${early}[…] INFO [KafkaRaftServer nodeId=1] Kafka Server started\n`), '4.3.1');
});
