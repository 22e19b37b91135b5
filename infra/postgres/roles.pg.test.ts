import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openIncident, resolveCountedHoles, resolveIncident, smallerHoles } from '@bursar/db/inbox/incident';
import { asLedgerOwner } from '@bursar/db/ledger/as-ledger-owner';
import { ensurePartitions } from '@bursar/db/ledger/partitions';
import { migrate } from '@bursar/db/migrate';
import { dropExpiredPartitions } from '@bursar/db/schedule/drop-partitions';
import { retellIncident } from '@bursar/db/schedule/hole-incidents';
import { runHere } from '../../packages/cli/src/testing/run-cli.ts';
import { call, install, policyText } from '../../test/harness/installation.ts';
import { readTopic } from '../../test/harness/kafka.ts';
import { testPool } from '../../test/harness/ledger.ts';
import { putInForce } from '../demo/policy.ts';
import { eventually } from '../local/eventually.ts';
import { withClient } from '../local/postgres/client.ts';
import { REPOSITORY } from '../local/repository.ts';
import { applyRoles, createRoleWorld, type Login, PEOPLE, type RoleWorld } from './testing/role-world.ts';

const INSUFFICIENT_PRIVILEGE = '42501';

const EACH_SECOND = Object.fromEntries(
  ['SWEEP', 'ROTATION', 'LIVENESS', 'MAINTENANCE'].map((job) => [`BURSAR_CRON_${job}`, '* * * * * *']),
);

let world: RoleWorld;
before(async () => {
  world = await createRoleWorld();
});
after(() => world?.[Symbol.asyncDispose]());

const ask = (login: Login | undefined, sql: string) => withClient(world.url(login), (client) => client.query(sql));
const refused = (login: Login, sql: string) => assert.rejects(ask(login, sql), { code: INSUFFICIENT_PRIVILEGE }, sql);

describe('the services, each as its own role', () => {
  const keys = [{ name: 'search' }];
  const seed = [{ name: 'search', workspace: 'Development' }];
  const limit = '{ name: search per month, key: search, period: month, budget: 0.01 USD, on_breach: suspend }';

  it('meter a call, break a limit, hold and switch off the key, tell the guards, and obey a person', async () => {
    const given = { url: world.url(), urlFor: (service: string) => world.url(`bursar_${service}` as Login) };
    await using bursar = await install('roles', seed, { ...EACH_SECOND, BURSAR_START_TIMEOUT: '20s' }, given);
    await Promise.all([bursar.start('aggregator'), bursar.start('scheduler'), bursar.start('revoker')]);
    await bursar.inventory();
    await using admin = testPool(world.url('adam'));
    await putInForce(admin, policyText({ keys, limits: [limit] }), 'test.yaml', 'test');
    await bursar.bind('search');
    const { anthropic } = bursar.client('search', { service: 'search', role: 'USER' });
    await call(anthropic, 12_000);
    await eventually('the key is inactive', () => bursar.statusOf('search') === 'inactive');
    const standing = await eventually('the guards are told', async () => {
      const records = await readTopic(bursar.kafka, bursar.kafka.topics.standing.name);
      return records.find((record) => record.includes('suspended'));
    });
    assert.match(standing, /dev\.bursar\.standing\.v1/);

    const pause = await runHere(['pause', '--reason', 'a drill'], world.url('olga'));
    assert.equal(pause.code, 0, pause.stderr);
    const { rows } = await bursar.db.query('select actor, outcome is not null as done from command');
    assert.deepEqual(rows, [{ actor: 'olga', done: true }]);
    const { rows: opened } = await bursar.db.query(
      `insert into incident (kind, subject, sentence, detail)
       select 'hole', topic || '/' || partition, 'a drill', jsonb_build_object('from', next_offset::text, 'to', next_offset::text)
         from kafka_offset order by next_offset desc limit 1 returning incident_id`,
    );
    const resolve = ['incidents', 'resolve', opened[0].incident_id, '--accept-loss', '--reason', 'a drill'];
    for (const asked of [resolve, ['replay', '--from', 'earliest', '--reason', 'a drill']]) {
      const { code, stdout, stderr } = await runHere(asked, world.url('olga'));
      assert.equal(code, 0, stdout + stderr);
    }

    const exported = await runHere(['prices', 'export'], world.url('dora'));
    const file = join(await mkdtemp(join(tmpdir(), 'bursar-roles-')), 'prices.json');
    await writeFile(file, exported.stdout);
    const applied = await runHere(['prices', 'apply', file, '--reason', 'a drill'], world.url('adam'));
    await rm(dirname(file), { recursive: true });
    assert.equal(applied.code, 0, applied.stderr);

    await eventually('every job has run', async () => {
      const { rows: jobs } = await bursar.db.query(`select distinct job from cron_fire where outcome = 'ok'`);
      return jobs.length >= 6;
    });
    const failed = await bursar.db.query(`select job, detail from cron_fire where outcome = 'failed'`);
    assert.deepEqual(failed.rows, []);
    for (const [name, service] of bursar.services) {
      assert.doesNotMatch(service.log(), /permission denied|42501|must be owner/, name);
    }
  });
});

describe('what each service may do to the inboxes', () => {
  for (const login of ['bursar_aggregator', 'bursar_scheduler', 'bursar_revoker'] as const) {
    it(`${login} opens an incident, tells it anew and resolves it`, async () => {
      await using db = testPool(world.url(login));
      const subject = `drill/${login}`;
      const incident = { kind: 'hole', subject, sentence: 'three', detail: { from: '1', to: '3', log: 1 } };
      await openIncident(db, incident);
      await openIncident(db, { ...incident, sentence: 'two', detail: { from: '2', to: '3', log: 1 } });
      await retellIncident(db, { ...incident, sentence: 'one' });
      const told = 'select sentence, resolved_at is not null as resolved from incident where subject = $1';
      assert.deepEqual((await db.query(told, [subject])).rows, [{ sentence: 'one', resolved: false }]);
      assert.ok(await resolveIncident(db, 'hole', subject, 'a drill'));
      await resolveCountedHoles(db);
      assert.deepEqual(await smallerHoles(db), []);
    });
  }
});

describe('what a role may not do', () => {
  const forbidden: Record<Exclude<Login, 'bursar_migrator'>, string[]> = {
    bursar_aggregator: [
      `update hold set state = 'released'`,
      `insert into hold default values`,
      'update key_control set wanted = null',
      'update enforcement_gate set paused = false',
      `insert into command (kind, reason) values ('unpause', 'me')`,
      `insert into policy_version (content_hash, source, policy, reason) values ('', '', '{}', '')`,
      `update policy_version set policy = '{}'`,
      `update price_book set book = '{}'`,
      'delete from price_book',
      'delete from usage_event',
      `update usage_event set cost_usd = 0`,
      'truncate usage_event',
      'delete from usage_quarter_hour',
      `update breach set consumed_at = now()`,
      `update dimension set service = 'other'`,
      `update api_key set status = 'active'`,
      'update audit_pending set reason = null',
      'delete from audit_pending',
      'delete from finding',
      `update command set reason = 'x'`,
      'select * from cron_fire',
      'create table mine (a integer)',
      'create temporary table mine (a integer)',
      'alter table usage_event add column mine text',
      'drop table usage_event',
      'set role bursar_ledger',
      'create role mine',
      `copy usage_event to program 'true'`,
    ],
    bursar_scheduler: [
      'update usage_minute set requests = 0',
      'insert into usage_event (event_id) values (gen_random_uuid())',
      'select * from usage_event',
      'update limit_window set total = 0',
      `update hold set state = 'released'`,
      `update breach set kind = 'warning'`,
      `update organization set organization_id = 'other'`,
      'update kafka_offset set next_offset = 0',
      'insert into command (kind, reason) values ($$pause$$, $$x$$)',
      'drop table usage_event',
      'select * from quarantine',
      'set role bursar_migrator',
    ],
    bursar_revoker: [
      'insert into usage_event (event_id) values (gen_random_uuid())',
      'select * from usage_event',
      'update usage_minute set requests = 0',
      `insert into breach (cause, rule) values ('limit', 'x')`,
      `update breach set total = 0`,
      `update command set actor = 'somebody'`,
      `insert into command (kind, reason) values ('unpause', 'me')`,
      'update limit_rule set amount = 0',
      `update api_key set name = 'x'`,
      'update audit_pending set actor = $$x$$',
      'delete from act',
      'delete from hold',
      'select ensure_partitions(current_date, current_date)',
      'set role bursar_ledger',
    ],
    olga: [
      `insert into command (kind, reason, actor) values ('pause', 'x', 'somebody else')`,
      `insert into policy_version (content_hash, source, policy, reason) values ('', '', '{}', '')`,
      `update hold set state = 'released'`,
      'delete from audit_pending',
    ],
    adam: [
      `insert into policy_version (content_hash, source, policy, reason, submitted_by) values ('', '', '{}', '', 'olga')`,
      `insert into command (kind, reason) values ('unpause', 'me')`,
      'update limit_rule set amount = 0',
      'delete from policy_version',
    ],
    dora: [
      'select * from usage_event',
      'select principal from dimension',
      'select source from policy_version',
      'select submitted_by from policy_version',
      'select * from quarantine',
      'select * from audit_pending',
      'select * from outbox',
      'select * from command',
      `insert into command (kind, reason) values ('pause', 'x')`,
      `update key_control set wanted = 'active'`,
    ],
    finn: [
      'update usage_event set cost_usd = 0',
      'insert into price default values',
      'delete from usage_quarter_hour',
      'select * from quarantine',
      'select * from act',
      'select * from audit_pending',
      `update hold set state = 'released'`,
      'create table mine (a integer)',
    ],
  };
  for (const [login, statements] of Object.entries(forbidden)) {
    it(`${login}: each of ${statements.length} forbidden acts is refused`, async () => {
      for (const statement of statements) await refused(login as Login, statement);
    });
  }

  it('the groups and the owner of the days let nobody log in, and a stranger sees nothing', async () => {
    const { rows } = await ask(
      undefined,
      `select rolname from pg_roles where rolname ~ '^bursar_(ledger|owner|admin|developer|billing)$' and rolcanlogin`,
    );
    assert.deepEqual(rows, []);
    await ask(undefined, `create role stranger login`);
    const { rows: rights } = await ask(
      undefined,
      `select has_database_privilege('stranger', current_database(), 'connect') as connects,
              has_schema_privilege('stranger', 'public', 'usage') as looks`,
    );
    assert.deepEqual(rights, [{ connects: false, looks: false }]);
  });
});

describe('what people may do', () => {
  const commands: Record<keyof typeof PEOPLE, { may: string[]; mayNot: string[] }> = {
    olga: {
      may: ['status', 'keys', 'holds', 'findings', 'incidents', 'requests', 'limits', 'usage'],
      mayNot: ['apply'],
    },
    adam: {
      may: ['status', 'keys', 'holds', 'findings', 'incidents', 'requests', 'limits', 'usage'],
      mayNot: ['pause'],
    },
    dora: {
      may: ['keys', 'holds', 'workspaces', 'usage', 'limits'],
      mayNot: ['status', 'requests', 'findings', 'pause', 'apply'],
    },
    finn: {
      may: ['requests', 'keys', 'holds', 'workspaces', 'usage', 'limits'],
      mayNot: ['status', 'findings', 'pause', 'apply'],
    },
  };
  const words: Record<string, string[]> = {
    pause: ['pause', '--reason', 'x'],
    apply: ['apply', `${REPOSITORY}/bursar.yaml`, '--reason', 'x'],
  };
  for (const [person, { may, mayNot }] of Object.entries(commands) as [
    keyof typeof PEOPLE,
    { may: string[]; mayNot: string[] },
  ][]) {
    it(`${person} (${PEOPLE[person]}): bursar ${may.join(', ')}; not ${mayNot.join(', ')}`, async () => {
      for (const command of may) {
        const { code, stderr } = await runHere(words[command] ?? [command], world.url(person));
        assert.ok(code === 0 || code === 3, `${command}: ${stderr}`);
      }
      for (const command of mayNot) {
        const { code, stderr } = await runHere(words[command] ?? [command], world.url(person));
        assert.equal(code, 1, command);
        assert.match(stderr, /This database login may not do that .*Ask for the matching bursar_… role/, command);
      }
    });
  }

  it('finance asks the ledger itself', async () => {
    const query =
      'select sum(cost_usd) from usage_event join dimension using (dimension_id) join price using (price_row)';
    assert.equal((await ask('finn', query)).rowCount, 1);
  });
});

describe('days of the ledger', () => {
  const first = new Date('2026-01-01T00:00:00Z');

  it('are made by the aggregator and the scheduler without a right to make tables, and dropped by the scheduler as their owner', async () => {
    for (const login of ['bursar_aggregator', 'bursar_scheduler'] as const) {
      await using pool = testPool(world.url(login));
      await ensurePartitions(pool, first, new Date('2026-01-03T00:00:00Z'));
    }
    await using pool = testPool(world.url('bursar_scheduler'));
    const drop = [
      'alter table usage_event detach partition usage_event_20260102 concurrently',
      'drop table usage_event_20260102',
    ];
    await assert.rejects(pool.query(drop[0]!), { code: INSUFFICIENT_PRIVILEGE });
    await asLedgerOwner(pool, async (connection) => {
      for (const statement of drop) await connection.query(statement);
    });
    const { rows } = await ask(
      undefined,
      `select to_regclass('usage_event_20260101') is not null as kept, to_regclass('usage_event_20260102') as dropped`,
    );
    assert.deepEqual(rows, [{ kept: true, dropped: null }]);
    await ensurePartitions(pool, first, first);
    const keepMs = { usage_event: 0, usage_minute: 0 };
    const { dropped } = await dropExpiredPartitions(pool, keepMs, new AbortController().signal);
    assert.ok(dropped.includes('usage_event_20260103'), 'retention drops as the owner');
    await ensurePartitions(pool, first, first);
    await assert.rejects(
      pool.query('delete from usage_event'),
      { code: INSUFFICIENT_PRIVILEGE },
      'the role is given back',
    );
  });

  it('belong to nobody else where there are no roles: the one login goes on as itself', async () => {
    await ask(undefined, 'create database plain');
    const url = world.url().replace('/bursar?', '/plain?');
    await migrate(url);
    await using pool = testPool(url);
    await ensurePartitions(pool, first, first);
    const user = await asLedgerOwner(
      pool,
      async (connection) => (await connection.query('select current_user as name')).rows[0].name,
    );
    assert.equal(user, 'postgres');
  });
});

describe('roles.sql', () => {
  it('may be repeated: at once in two databases, by the migrator, on a schema that somebody else made; rights are the same', async () => {
    await ask(undefined, 'create database beside');
    const beside = world.url().replace('/bursar?', '/beside?');
    await migrate(beside);
    const rights = `select relname, relacl::text, pg_get_userbyid(relowner) as owner from pg_class
                     where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v') and not relispartition order by 1`;
    const before = await ask(undefined, rights);
    await Promise.all([applyRoles(world.url()), applyRoles(world.url()), applyRoles(beside), applyRoles(beside)]);
    await applyRoles(world.url('bursar_migrator'));
    assert.deepEqual((await ask(undefined, rights)).rows, before.rows);
    const other = await withClient(beside, (client) => client.query(rights));
    assert.deepEqual(
      other.rows.map(({ relname, owner }) => [relname, owner]),
      before.rows.map(({ relname, owner }) => [relname, owner]),
    );
  });

  it('takes away what it does not grant', async () => {
    await ask(undefined, 'grant update on hold to bursar_aggregator');
    await applyRoles(world.url());
    await refused('bursar_aggregator', `update hold set state = 'released'`);
  });

  it('says something about every table, view and function of the schema', async () => {
    const script = await readFile(new URL('roles.sql', import.meta.url), 'utf8');
    const granted = new Set(script.slice(script.indexOf('-- 4. Rights.')).match(/\w+/g));
    const { rows } = await ask(
      undefined,
      `select relname as name from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v') and not relispartition
       union select proname from pg_proc
        where pronamespace = 'public'::regnamespace and prorettype <> 'trigger'::regtype`,
    );
    const missing = rows.map(({ name }) => name).filter((name) => !granted.has(name));
    assert.deepEqual(missing, [], 'decide in infra/postgres/roles.sql who may do what with these');
  });
});
