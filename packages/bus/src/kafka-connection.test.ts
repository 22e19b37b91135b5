import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { generate } from 'selfsigned';
import { kafkaConnection } from './kafka-connection.ts';
import { kafkaFromEnvironment } from './kafka-environment.ts';

const folder = mkdtempSync(join(tmpdir(), 'bursar-kafka-'));
after(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const BARE = { kafkaBrokers: ['kafka:9092'], kafkaTls: false };
const one = await generate([{ name: 'commonName', value: 'one' }], { keyType: 'ec', algorithm: 'sha256' });
const other = await generate([{ name: 'commonName', value: 'other' }], { keyType: 'ec', algorithm: 'sha256' });
const cert = file('cert.pem', one.cert);
const key = file('key.pem', one.private);

describe('the way to Kafka', () => {
  it('is plain unless told, trusts what Node trusts with TLS alone, and carries files and login when given', () => {
    assert.deepEqual(kafkaConnection(BARE), { brokers: ['kafka:9092'], ssl: false });
    assert.equal(kafkaConnection({ ...BARE, kafkaTls: true }).ssl, true);
    const all = kafkaFromEnvironment({
      KAFKA_BROKERS: 'a:1, b:2,',
      KAFKA_TLS: 'yes',
      KAFKA_CA_FILE: cert,
      KAFKA_CERT_FILE: cert,
      KAFKA_KEY_FILE: key,
      KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
      KAFKA_USERNAME: 'bursar-aggregator',
      KAFKA_PASSWORD_FILE: file('password', 's3cret\n'),
    });
    assert.deepEqual(all, {
      brokers: ['a:1', 'b:2'],
      ssl: { ca: one.cert, cert: one.cert, key: one.private },
      sasl: { mechanism: 'scram-sha-512', username: 'bursar-aggregator', password: 's3cret' },
    });
  });

  const login = { KAFKA_SASL_MECHANISM: 'plain', KAFKA_USERNAME: 'bursar', KAFKA_PASSWORD: 'hunter2-hunter2' };
  const refused: [name: string, environment: Record<string, string>, message: RegExp][] = [
    ['a user without a password', { ...login, KAFKA_PASSWORD: '' }, /KAFKA_USERNAME set without KAFKA_PASSWORD /],
    [
      'a password without a mechanism',
      { KAFKA_USERNAME: 'x', KAFKA_PASSWORD: 'hunter2-hunter2' },
      /KAFKA_SASL_MECHANISM: a login needs/,
    ],
    [
      'an unknown mechanism',
      { ...login, KAFKA_SASL_MECHANISM: 'gssapi' },
      /one of plain, scram-sha-256, scram-sha-512, got "gssapi"/,
    ],
    ['a password twice', { ...login, KAFKA_PASSWORD_FILE: '/nowhere' }, /both set/],
    [
      'a password file that is not there',
      { ...login, KAFKA_PASSWORD: '', KAFKA_PASSWORD_FILE: '/nowhere' },
      /KAFKA_PASSWORD_FILE: cannot read \/nowhere/,
    ],
    ['TLS neither on nor off', { KAFKA_TLS: 'maybe' }, /KAFKA_TLS must be true or false/],
    ['an authority without TLS', { KAFKA_CA_FILE: cert }, /KAFKA_CA_FILE is set but KAFKA_TLS is not/],
    [
      'an authority that is not there',
      { KAFKA_TLS: 'true', KAFKA_CA_FILE: '/nowhere' },
      /KAFKA_CA_FILE: cannot use \/nowhere: ENOENT/,
    ],
    [
      'an authority that is no certificate',
      { KAFKA_TLS: 'true', KAFKA_CA_FILE: file('ca', 'not pem') },
      /not a certificate in PEM form/,
    ],
    [
      'a certificate without its key',
      { KAFKA_TLS: 'true', KAFKA_CERT_FILE: cert },
      /KAFKA_CERT_FILE set without KAFKA_KEY_FILE/,
    ],
    [
      'a key of another certificate',
      { KAFKA_TLS: 'true', KAFKA_CERT_FILE: cert, KAFKA_KEY_FILE: file('other', other.private) },
      /no pair/,
    ],
    ['no broker', { KAFKA_BROKERS: ' , ' }, /KAFKA_BROKERS must name/],
  ];
  for (const [name, environment, message] of refused) {
    it(`is refused in one line without a secret: ${name}`, () => {
      assert.throws(
        () => kafkaFromEnvironment({ KAFKA_BROKERS: 'kafka:9092', ...environment }),
        (error: Error) => {
          assert.match(error.message, message);
          assert.doesNotMatch(error.message, /hunter2|\n/);
          return true;
        },
      );
    });
  }
});
