import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createProducer } from '@bursar/bus/producer';
import type { Pool } from '@bursar/db/pool';
import type { UsageEvent } from '@bursar/events/cloudevent';
import { signatureHeader } from '@bursar/events/record-signature';
import type { UsageData } from '@bursar/events/usage-event';
import { putInForce } from '../../../infra/demo/policy.ts';
import { eventually } from '../../../infra/local/eventually.ts';
import { type ServiceProcess, startService } from '../../../infra/local/service-process.ts';
import { aggregatorEnv } from '../../../test/harness/aggregator.ts';
import { freshDatabase } from '../../../test/harness/database.ts';
import { policyText } from '../../../test/harness/installation.ts';
import { freshTopics } from '../../../test/harness/kafka.ts';
import { testPool } from '../../../test/harness/ledger.ts';
import { recordOf, type TrafficKey, trafficKey, usageEvent } from '../../../test/harness/traffic.ts';

const KEYS = [{ name: 'alpha' }, { name: 'beta' }, { name: 'gamma' }];
const LIMITS = [
  '{ name: beta per month, key: beta, period: month, budget: 1 USD, warn: [50%] }',
  '{ name: services of beta, service: beta, period: month, budget: 1 USD, warn: [50%] }',
];
const ALL_SIGN = policyText({ keys: KEYS, limits: LIMITS, events: '{ require_signature: "*" }' });
const GAMMA_UNSIGNED = policyText({
  keys: KEYS,
  limits: LIMITS,
  events: '{ require_signature: [alpha, beta], accept_unsigned: true }',
});
const UNSIGNED = policyText({ keys: KEYS, limits: LIMITS });
const DEAR = { usage: { input_tokens: 2_000_000, output_tokens: 0 } };
const CHEAP = { usage: { input_tokens: 100_000, output_tokens: 0 } };

type Company = {
  db: Pool;
  aggregator: ServiceProcess;
  secrets: { alpha: string; beta: string };
  folder: string;
  /** Sends usage as a service would, signed with `secret` if there is one. Returns the event. */
  say(service: string, key: TrafficKey, fields?: Partial<UsageData>, secret?: string): Promise<UsageEvent>;
  list(name: string, key: TrafficKey): Promise<void>;
  apply(policy: string): Promise<void>;
  untilRead(): Promise<void>;
} & AsyncDisposable;

/** An aggregator and services alpha, beta and gamma; the first two have secrets. */
async function openCompany(name: string, policy: string): Promise<Company> {
  const onExit = new AsyncDisposableStack();
  const database = onExit.use(await freshDatabase(name));
  const db = onExit.use(testPool(database.url));
  const kafka = await freshTopics();
  const folder = await mkdtemp(join(tmpdir(), 'bursar-secrets-'));
  onExit.defer(() => rm(folder, { recursive: true }));
  const secrets = { alpha: randomBytes(32).toString('hex'), beta: randomBytes(32).toString('hex') };
  await mkdir(join(folder, '..data'));
  for (const [service, secret] of Object.entries(secrets)) await writeFile(join(folder, service), `${secret}\n`);
  const env = { ...aggregatorEnv(database.url, kafka), BURSAR_SIGNING_SECRETS_DIR: folder };
  const aggregator = onExit.use(await startService('services/aggregator/main.ts', env));
  await aggregator.ready();
  const producer = createProducer({ brokers: kafka.brokers, clientId: 'bursar-test' });
  onExit.defer(() => producer.disconnect());
  let sent = 0;
  const say: Company['say'] = async (service, key, fields = CHEAP, secret = undefined) => {
    const emitter = { id: `${service}/one`, boot: randomUUID(), seq: 1, dropped: {} };
    const event = usageEvent(key, { service, emitter, ...fields });
    const record = recordOf(event);
    const headers = { ...record.headers, ...(secret && signatureHeader(record.value, secret)) };
    await producer.send(kafka.topics.usage.name, [{ ...record, headers }]);
    sent++;
    return event;
  };
  await putInForce(db, policy, 'test.yaml', 'test');
  return {
    db,
    aggregator,
    secrets,
    folder,
    say,
    apply: (text) => putInForce(db, text, 'test.yaml', 'test'),
    list: (keyName, key) =>
      db
        .query(
          `insert into api_key (api_key_id, name, status, hint, created_at) values ('apikey_' || $1, $1, 'active', $2, now())`,
          [keyName, key.hint],
        )
        .then(() => {}),
    untilRead: async () => {
      await eventually(`${sent} records are read`, async () => {
        const { rows } = await db.query('select coalesce(sum(next_offset), 0)::int as read from kafka_offset');
        return rows[0].read === sent;
      });
    },
    [Symbol.asyncDispose]: () => onExit.disposeAsync(),
  };
}

async function reasonOf(db: Pool, event: UsageEvent): Promise<string | undefined> {
  const { rows } = await db.query('select reason from quarantine where event_id = $1', [event.id]);
  return rows[0]?.reason;
}

async function untilBound(db: Pool, name: string): Promise<number> {
  return eventually(`${name} is bound`, async () => {
    const { rows } = await db.query<{ key_ref: number }>(
      'select key_ref from key_binding where api_key_id = $1 and unbound_at is null',
      [`apikey_${name}`],
    );
    return rows[0]?.key_ref;
  });
}

/** Everything that is summed for beta: its windows, the cubes of its API key, its breaches. */
async function sumsOfBeta(db: Pool): Promise<unknown> {
  const windows = await db.query(
    `select m.select_kind, w.total from limit_window w join measure m using (measure_id) where m.select_name = 'beta' order by 1`,
  );
  const cube = (table: string) =>
    db.query(
      `select sum(requests) as requests, sum(input_tokens) as input, sum(cost_firm_usd + cost_estimated_usd + cost_provisional_usd) as cost
         from ${table} join dimension using (dimension_id) join key_binding b using (key_ref) where b.api_key_id = 'apikey_beta'`,
    );
  const breaches = await db.query('select rule, kind from breach order by 1, 2');
  return {
    windows: windows.rows,
    minutes: (await cube('usage_minute')).rows,
    quarterHours: (await cube('usage_quarter_hour')).rows,
    breaches: breaches.rows,
  };
}

test('two services that claim the key of each other, before and after it is known whose it is, move nothing but their own', async () => {
  await using company = await openCompany('foreign', ALL_SIGN);
  const { db, say, secrets } = company;
  const [alpha, beta] = [trafficKey(), trafficKey()];
  // Nobody knows yet whose keys these are: the first word has the liar.
  await say('alpha', beta, DEAR, secrets.alpha);
  await say('beta', alpha, DEAR, secrets.beta);
  await company.untilRead();
  await company.list('alpha', alpha);
  await company.list('beta', beta);
  await say('alpha', alpha, CHEAP, secrets.alpha);
  await say('beta', beta, CHEAP, secrets.beta);
  await untilBound(db, 'alpha');
  const keyRef = await untilBound(db, 'beta');
  await company.untilRead();
  const { rows } = await db.query('select vouched_by from key_identity where key_ref = $1', [keyRef]);
  assert.deepEqual(rows, [{ vouched_by: 'beta' }]);
  assert.deepEqual(
    ((await sumsOfBeta(db)) as { windows: { select_kind: string; total: string }[] }).windows.find(
      (window) => window.select_kind === 'key',
    )?.total,
    '0.100000000000',
    'only what beta itself told of its key',
  );

  const before = await sumsOfBeta(db);
  const invented = { ...trafficKey(), hint: beta.hint };
  const claims = [
    await say('alpha', beta, DEAR, secrets.alpha),
    await say('alpha', invented, DEAR, secrets.alpha),
    await say('alpha', { ...beta, hint: alpha.hint }, DEAR, secrets.alpha),
  ];
  await eventually('each claim is in quarantine', async () => {
    const reasons = await Promise.all(claims.map((claim) => reasonOf(db, claim)));
    return reasons.every((reason) => reason === 'foreign_key');
  });
  assert.deepEqual(await sumsOfBeta(db), before);
});

test('a stolen secret, a forged signature and an unsigned producer move nothing of another service', async () => {
  await using company = await openCompany('stolen', GAMMA_UNSIGNED);
  const { db, say, secrets } = company;
  const beta = trafficKey();
  // Unsigned, and first: it must not become beta's key.
  const first = await say('gamma', beta, DEAR);
  await company.untilRead();
  assert.equal(await reasonOf(db, first), undefined, 'nobody knows whose key it is: it counts for gamma alone');
  await company.list('beta', beta);
  await say('beta', beta, CHEAP, secrets.beta);
  await untilBound(db, 'beta');
  await company.untilRead();
  const before = await sumsOfBeta(db);
  const told = await say('gamma', trafficKey());
  const boot = { id: 'beta/one', boot: randomUUID(), seq: 900, dropped: {} };
  const claims: [UsageEvent, string][] = [
    [await say('beta', beta, DEAR, secrets.alpha), 'wrong_signature'],
    [await say('beta', beta, DEAR, randomBytes(32).toString('hex')), 'wrong_signature'],
    [await say('beta', beta, DEAR), 'unsigned'],
    [await say('gamma', beta, DEAR), 'foreign_key'],
    [await say('alpha', beta, DEAR, secrets.alpha), 'foreign_key'],
    [await say('gamma', trafficKey(), { ...DEAR, emitter: boot }), 'foreign_emitter'],
  ];
  await company.untilRead();
  assert.deepEqual(
    await Promise.all(claims.map(([claim]) => reasonOf(db, claim))),
    claims.map(([, reason]) => reason),
  );
  assert.deepEqual(await sumsOfBeta(db), before);
  assert.equal(await reasonOf(db, told), undefined, 'an unsigned service that keeps to itself goes on');
  const { rows: forged } = await db.query('select 1 from emitter_seq where boot = $1', [boot.boot]);
  assert.deepEqual(forged, [], 'the account of the emitter that was named is untouched');
  const metrics = await (await fetch(`${company.aggregator.healthUrl}/metrics`)).text();
  assert.match(metrics, /bursar_signatures_total\{speaker="beta",result="valid"[^}]*\} [1-9]/);
  assert.match(metrics, /bursar_quarantined_total\{reason="wrong_signature"[^}]*\} 2/);
  assert.match(metrics, /bursar_quarantined_total\{reason="foreign_key"[^}]*\} 2/);
});

test('a secret is exchanged without losing a record, and a service without one is told of', async () => {
  await using company = await openCompany('exchange', ALL_SIGN);
  const { db, say, secrets } = company;
  const beta = trafficKey();
  const fresh = randomBytes(32).toString('hex');
  await writeFile(join(company.folder, 'beta'), `${secrets.beta}\n${fresh}\n`);
  await eventually('the new secret is accepted', async () => {
    await say('beta', beta, CHEAP, fresh);
    await company.untilRead();
    return (await stored(db)) > 0;
  });
  const old = await say('beta', beta, CHEAP, secrets.beta);
  const silent = await say('gamma', trafficKey());
  await company.untilRead();
  assert.equal(await reasonOf(db, old), undefined);
  assert.equal(await reasonOf(db, silent), 'no_secret');
  const finding = await eventually('the missing secret is a finding', async () => {
    const { rows } = await db.query(`select sentence from finding where kind = 'signing_secret' and subject = 'gamma'`);
    return rows[0]?.sentence as string | undefined;
  });
  assert.match(finding, /None of its records counts/);
  assert.ok(!company.aggregator.log().includes(secrets.beta));
});

test('a service that begins to sign, and later stops, keeps its key and its sums', async () => {
  await using company = await openCompany('begin', UNSIGNED);
  const { db, say, secrets } = company;
  const beta = trafficKey();
  await company.list('beta', beta);
  await say('beta', beta);
  const keyRef = await untilBound(db, 'beta');
  // Rolling out, pod by pod: signed or not, it is the same key.
  await say('beta', beta, CHEAP, secrets.beta);
  await say('beta', beta);
  await company.untilRead();
  await company.apply(ALL_SIGN);
  await say('beta', beta, CHEAP, secrets.beta);
  await company.untilRead();
  await company.apply(UNSIGNED);
  await say('beta', beta);
  await company.untilRead();
  assert.equal(await untilBound(db, 'beta'), keyRef);
  const { rows } = await db.query(
    `select total from limit_window join measure using (measure_id) where select_kind = 'key' and select_name = 'beta'`,
  );
  assert.deepEqual(rows, [{ total: '0.500000000000' }]);
  const { rows: identities } = await db.query('select vouched_by from key_identity');
  assert.deepEqual(identities, [{ vouched_by: '' }]);
});

async function stored(db: Pool): Promise<number> {
  return Number((await db.query('select count(*) from usage_event')).rows[0].count);
}
