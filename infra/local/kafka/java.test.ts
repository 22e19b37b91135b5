import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findJava, javaMajorVersion } from './java.ts';

test('the major version is read from what old and new Javas print', () => {
  assert.equal(javaMajorVersion('openjdk version "17.0.15" 2025-04-15'), 17);
  assert.equal(javaMajorVersion('openjdk version "25" 2025-09-16'), 25);
  assert.equal(javaMajorVersion('java version "1.8.0_292"'), 8);
  assert.equal(javaMajorVersion('something else'), 0);
});

test('without a Java the error says what to install and what else would do', async () => {
  await assert.rejects(findJava('/nowhere'), /Java 17 or newer.*apt install openjdk.*Docker.*KAFKA_BROKERS/s);
});
