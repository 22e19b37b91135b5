import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { grantAccess } from '@bursar/bus/access';
import { watermarks } from '@bursar/bus/admin';
import type { KafkaLogLine } from '@bursar/bus/kafka-settings';
import { createPartitionLoop } from '@bursar/bus/partition-loop';
import { createProducer } from '@bursar/bus/producer';
import { topics } from '@bursar/events/topics';
import { freshDatabase } from '../../test/harness/database.ts';
import { testPool, untilStored } from '../../test/harness/ledger.ts';
import { recordOf, trafficKey, usageEvent } from '../../test/harness/traffic.ts';
import { eventually } from '../local/eventually.ts';
import { startService } from '../local/service-process.ts';
import { createThrowawayAuthority } from '../local/throwaway-authority.ts';
import { createSecureWorld, type SecureWorld, settingsOf } from './testing/secure-world.ts';

const { usage, quarantine, standing } = topics();
const RECORD = { key: 'k', value: 'v' };
type Environment = Record<string, string>;

let world: SecureWorld;
before(async () => {
  world = await createSecureWorld();
});
after(() => world?.[Symbol.asyncDispose]());

async function send(environment: Environment, topic: string): Promise<void> {
  const producer = createProducer(settingsOf(environment));
  try {
    await producer.send(topic, [RECORD]);
  } finally {
    await producer.disconnect();
  }
}

/** Reads the first record of a topic as a service does; rejects with the first reason why it can't. */
async function read(environment: Environment, topic: string, groupId: string): Promise<string> {
  const stop = new AbortController();
  const outcome = Promise.withResolvers<string>();
  const loop = createPartitionLoop({
    ...{ kafka: settingsOf(environment), topic, groupId, lanes: 1 },
    work: async ({ records }) => {
      outcome.resolve(String(records[0].value));
      return { verdict: 'halt', because: 'one is enough' };
    },
    onLog: ({ namespace, message }: KafkaLogLine) => {
      if (namespace === 'PartitionLoop' || /authoriz/i.test(message)) outcome.reject(new Error(message));
    },
  });
  const running = loop.run(stop.signal).catch(outcome.reject);
  try {
    return await outcome.promise;
  } finally {
    stop.abort();
    await running;
  }
}

/** Runs the script as a process; resolves with exit code and everything it printed. */
async function secure(environment: Environment, ...args: string[]): Promise<{ code: number; printed: string }> {
  const child = execFile(process.execPath, ['infra/kafka/secure.ts', ...args], { env: environment });
  let printed = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk) => (printed += chunk));
  const [code] = (await once(child, 'close')) as [number];
  return { code, printed };
}

describe('a Kafka with TLS, logins and ACLs', () => {
  it('is made ready by one script that may be repeated, and tells what else is allowed', async () => {
    const admin = world.environment('admin');
    const dry = await secure(admin, '--dry-run');
    assert.match(dry.printed, /Nothing was changed/);
    for (const _ of [1, 2]) {
      const { code, printed } = await secure(admin);
      assert.equal(code, 0, printed);
      assert.match(printed, /User:bursar-emitter may write topic bursar\.usage\.v1\n/);
      assert.match(printed, /rights are in force\.\n$/);
    }
    const foreign = {
      principal: 'User:old',
      operation: 'read',
      resource: 'topic',
      name: 'bursar.',
      isPrefix: true,
    } as const;
    await grantAccess(settingsOf(admin), [foreign]);
    assert.match((await secure(admin)).printed, /still allowed: User:old may read topic bursar\.\*\n$/);
    assert.equal((await secure(admin, '--emiter', 'x')).code, 2);
  });

  it('lets each service do its work, by PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512', async () => {
    await send(world.environment('bursar-emitter'), usage.name);
    await send(world.environment('bursar-aggregator'), quarantine.name);
    await send(world.environment('bursar-revoker'), standing.name);
    await eventually('the group coordinators are there', async () => {
      return (await read(world.environment('bursar-guard'), standing.name, 'bursar.guard.search')) === 'v';
    });
    assert.equal(await read(world.environment('bursar-aggregator'), usage.name, 'bursar.aggregator'), 'v');
  });

  it('takes a client certificate of its authority and no other', async () => {
    const shown = async (issuer: { client(name: string): Promise<{ certificate: string; key: string }> }) => {
      const { certificate, key } = await issuer.client('search');
      return {
        ...world.environment('bursar-emitter'),
        KAFKA_CERT_FILE: await world.file('client.pem', certificate),
        KAFKA_KEY_FILE: await world.file('client-key.pem', key),
      };
    };
    await send(await shown(world.authority), usage.name);
    await assert.rejects(send(await shown(await createThrowawayAuthority()), usage.name));
  });

  const strangers: [who: string, environment: () => Environment | Promise<Environment>, message: RegExp][] = [
    [
      'a wrong password (PLAIN)',
      () => ({ ...world.environment('bursar-emitter'), KAFKA_PASSWORD: 'wrong-password' }),
      /authentication failed.*check mechanism \(plain\), name \(bursar-emitter\)/i,
    ],
    [
      'a wrong password (SCRAM)',
      () => ({ ...world.environment('bursar-aggregator'), KAFKA_PASSWORD: 'wrong-password' }),
      /authentication failed.*check mechanism/i,
    ],
    [
      'a mechanism that the user has no password for',
      () => ({ ...world.environment('bursar-aggregator'), KAFKA_SASL_MECHANISM: 'plain' }),
      /authentication failed.*check mechanism \(plain\)/i,
    ],
    [
      'an unknown user',
      () => ({ ...world.environment('bursar-emitter'), KAFKA_USERNAME: 'nobody' }),
      /authentication failed.*name \(nobody\)/i,
    ],
    [
      'a client that trusts another authority',
      async () => ({
        ...world.environment('bursar-emitter'),
        KAFKA_CA_FILE: await world.file('other.pem', (await createThrowawayAuthority()).certificate),
      }),
      /verify the first certificate.*set KAFKA_CA_FILE/,
    ],
    [
      'a client without TLS',
      () => ({ KAFKA_BROKERS: world.environment('admin')['KAFKA_BROKERS']! }),
      /wants TLS \(KAFKA_TLS\) or a login/,
    ],
    [
      'a client without a login',
      () => ({ ...world.environment('admin'), KAFKA_SASL_MECHANISM: '', KAFKA_USERNAME: '', KAFKA_PASSWORD: '' }),
      /wants a login \(KAFKA_SASL_MECHANISM\)/,
    ],
    [
      'a known user without any ACL',
      () => world.environment('stranger'),
      /topic bursar\.usage\.v1.*no ACL allows it to User:stranger/,
    ],
  ];
  for (const [who, environment, message] of strangers) {
    it(`refuses ${who}, in a sentence without a password`, async () => {
      const using = await environment();
      await assert.rejects(send(using, usage.name), (error: Error) => {
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /wrong-password/);
        for (const password of world.passwords) assert.ok(!error.message.includes(password));
        return true;
      });
    });
  }

  const writers: [user: string, topic: string][] = [
    ['bursar-emitter', standing.name],
    ['bursar-emitter', quarantine.name],
    ['bursar-aggregator', standing.name],
    ['bursar-revoker', usage.name],
    ['bursar-revoker', quarantine.name],
    ['bursar-guard', standing.name],
    ['bursar-guard', usage.name],
  ];
  for (const [user, topic] of writers) {
    it(`refuses ${user} writing ${topic}`, async () => {
      await assert.rejects(send(world.environment(user), topic), new RegExp(`no ACL allows it to User:${user}`));
    });
  }

  const readers: [user: string, topic: string, group: string][] = [
    ['bursar-emitter', usage.name, 'bursar.aggregator'],
    ['bursar-revoker', usage.name, 'bursar.aggregator'],
    ['bursar-guard', usage.name, 'bursar.guard.search'],
    ['bursar-guard', standing.name, 'bursar.aggregator'],
    ['bursar-aggregator', standing.name, 'bursar.aggregator'],
  ];
  for (const [user, topic, group] of readers) {
    it(`refuses ${user} reading ${topic} as ${group}`, async () => {
      await assert.rejects(read(world.environment(user), topic, group), /not authorized|authorization failed/i);
    });
  }

  it('refuses an emitter the usage topic itself, even with a group that it may use', async () => {
    const group = { resource: 'group', name: 'own', isPrefix: false, operation: 'read' } as const;
    await grantAccess(settingsOf(world.environment('admin')), [{ principal: 'User:bursar-emitter', ...group }]);
    await assert.rejects(
      read(world.environment('bursar-emitter'), usage.name, 'own'),
      /not authorized to access topics/i,
    );
  });

  it('refuses an emitter making ACLs, with a sentence and code 1', async () => {
    const { code, printed } = await secure(world.environment('bursar-emitter'));
    assert.equal(code, 1);
    assert.match(printed, /no ACL allows it to User:bursar-emitter/);
    assert.doesNotMatch(printed, /\n\s+at /);
  });
});

describe('a service on that Kafka', () => {
  it('counts what an emitter sent', async () => {
    await using database = await freshDatabase('secure');
    await using pool = testPool(database.url);
    const login = world.environment('bursar-aggregator');
    // Another prefix: the record of the other tests is no event.
    const own = topics('secure');
    assert.equal((await secure({ ...world.environment('admin'), BURSAR_TOPIC_PREFIX: 'secure' })).code, 0);
    await using aggregator = await startService('services/aggregator/main.ts', {
      ...login,
      DATABASE_URL: database.url,
      BURSAR_TOPIC_PREFIX: 'secure',
    });
    await aggregator.ready();
    const producer = createProducer(settingsOf(world.environment('bursar-emitter')));
    await producer.send(own.usage.name, [recordOf(usageEvent(trafficKey()))]);
    await producer.disconnect();
    await untilStored(pool, 1);
    assert.ok(!aggregator.log().includes(login['KAFKA_PASSWORD']!));
    const written = await watermarks(settingsOf(world.environment('admin')), own.usage.name);
    assert.equal(
      written.reduce((sum, { high }) => sum + high, 0n),
      1n,
    );
  });

  it('ends with code 2 and one line for half a configuration', async () => {
    const login = { ...world.environment('bursar-aggregator'), DATABASE_URL: 'postgres://127.0.0.1:1/none' };
    for (const [wrong, message] of [
      [{ KAFKA_PASSWORD: '' }, /KAFKA_SASL_MECHANISM and KAFKA_USERNAME set without KAFKA_PASSWORD/],
      [{ KAFKA_SASL_MECHANISM: 'kerberos' }, /must be plain, scram-sha-256 or scram-sha-512/],
      [{ KAFKA_CA_FILE: '/nowhere/ca.pem' }, /KAFKA_CA_FILE: cannot use \/nowhere\/ca\.pem: ENOENT/],
    ] as const) {
      await using service = await startService('services/aggregator/main.ts', { ...login, ...wrong });
      assert.equal((await service.ended).code, 2);
      assert.match(service.log(), message);
      assert.doesNotMatch(service.log(), /"stack"|\n\s+at /);
      assert.ok(world.passwords.every((password) => !service.log().includes(password)));
    }
  });
});
