import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openPool, type Pool } from '@bursar/db/pool';
import { formatUsd, parseUsd } from '@bursar/pricing/money';
import { eventually } from '../../../infra/local/eventually.ts';
import { type FreshDatabase, freshDatabase } from '../../../test/harness/database.ts';
import { DEMO_POLICY } from './testing/demo-policy.ts';
import { insertDemo, insertRequest } from './testing/insert-demo.ts';
import { type CliRun, runCli, runHere, startCli } from './testing/run-cli.ts';

let database: FreshDatabase;
let pool: Pool;
let folder: string;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bursar-cli-'));
  database = await freshDatabase('cli');
  pool = openPool(database.url, { name: 'cli test' });
  await insertDemo(pool);
});

after(async () => {
  await pool?.end();
  await database?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const bursar = (...args: string[]): Promise<CliRun> => runCli(args, { databaseUrl: database.url });

const here = (...args: string[]): Promise<CliRun> => runHere(args, database.url);

async function json<T>(...args: string[]): Promise<T> {
  const { stdout, stderr, code } = await here(...args);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as T;
}

test('status says that enforcement is on, what waits for a person and what to type, and exits with 3', async () => {
  const { stdout, code } = await bursar('status');
  assert.equal(code, 3);
  assert.match(stdout, /enforcement +ON policy version 1 acts by itself/);
  assert.match(stdout, /1 proposed suspension to decide +bursar holds list/);
  assert.match(stdout, /sweep: failed \(timeout\)/);
  assert.match(stdout, /1 switched off and read back/);
  assert.match(stdout, /1 record not counted, to decide about \(schema\) +bursar quarantine list/);
  assert.match(stdout, /next +bursar holds list/);
});

test('status exits with 0 when nothing waits, and with 3 again when the revoker refuses to act by itself', async () => {
  await using calm = await freshDatabase('cli_calm');
  const calmPool = openPool(calm.url, { name: 'cli test' });
  await insertDemo(calmPool);
  await calmPool.query(`
    update hold set state = 'rejected', ended_at = now() where state = 'proposed';
    update incident set resolved_at = now(); update finding set resolved_at = now();
    delete from quarantine; delete from cron_fire where outcome = 'failed'`);
  const { stdout, stderr, code } = await runCli(['status'], { databaseUrl: calm.url });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /Nothing waits for a person/);
  await calmPool.query(`update enforcement_gate set auto_refused_because = 'not yet allowed'`);
  const refused = await runHere(['status'], calm.url);
  assert.equal(refused.code, 3);
  assert.match(refused.stdout, /enforcement +OFF the policy says auto, but the revoker only proposes: not yet allowed/);
  assert.match(refused.stdout, /what the revoker refuses: .* {2}bursar apply bursar\.yaml/);
  assert.doesNotMatch(refused.stdout, /^ +next/m, 'a single item has told already what to type');
  await calmPool.query(`update policy_version set policy = jsonb_set(policy, '{enforcement,mode}', '"observe"')`);
  const asOrdered = await runHere(['status'], calm.url);
  await calmPool.end();
  assert.equal(asOrdered.code, 0, 'a policy that only observes asks for nothing that is refused');
});

test('status tells why enforcement is off: no policy, observe, paused, breaker', async () => {
  await using empty = await freshDatabase('cli_empty');
  const emptyPool = openPool(empty.url, { name: 'cli test' });
  const state = async () => (await runHere(['status'], empty.url)).stdout;
  assert.match(await state(), /enforcement +OFF no policy is in force/);
  await insertDemo(emptyPool);
  await emptyPool.query(`update policy_version set policy = jsonb_set(policy, '{enforcement,mode}', '"observe"')`);
  assert.match(await state(), /enforcement +OFF the policy only observes and proposes/);
  await emptyPool.query(`update enforcement_gate set paused = true, paused_by = 'anna', pause_reason = 'sale'`);
  assert.match(await state(), /enforcement +OFF paused by anna: sale/);
  await emptyPool.query(`update enforcement_gate set breaker_open_since = now(), breaker_reason = '401'`);
  assert.match(await state(), /enforcement +OFF Anthropic refuses our admin credential since .*: 401/);
  await emptyPool.end();
});

test('why tells the story of a key from its first request to the read-back', async () => {
  const { stdout, code } = await bursar('why', 'prod-search-service');
  assert.equal(code, 0);
  const story = [
    'First request',
    'recognised as apikey_search',
    'passed 80 %',
    'broke "search per month": $500.10 of $500.00',
    'In force, hold 1',
    'Asked Anthropic to make it inactive',
    'request id req_admin_1; read back as inactive',
  ];
  const places = story.map((part) => stdout.indexOf(part));
  assert.ok(
    places.every((place) => place >= 0),
    stdout,
  );
  assert.deepEqual(
    places,
    [...places].sort((a, b) => a - b),
  );
  assert.match(stdout, /100 % {2}\$500\.12 of \$500\.00 per month/);
});

test('why finds a key by hint, id and SHA-256 as well, and a whole secret is refused and not repeated', async () => {
  for (const text of ['sk-ant-api03-bbb...srch', 'apikey_search']) {
    assert.match((await here('why', text)).stdout, /^prod-search-service · inactive/);
  }
  const secret = `sk-ant-api03-${'x'.repeat(80)}`;
  const { stderr, stdout, code } = await here('why', secret);
  assert.equal(code, 2);
  assert.match(stderr, /whole API key/);
  assert.ok(!`${stdout}${stderr}`.includes(secret));
});

test('why and requests show tell which key made a request, its exact cost and where it was counted', async () => {
  const id = await insertRequest(pool);
  for (const args of [
    ['why', id],
    ['requests', 'show', id],
  ]) {
    const { stdout } = await here(...args);
    assert.match(stdout, /prod-search-service \(sk-ant-api03-bbb\.\.\.srch, apikey_search/);
    assert.match(stdout, /cost +\$0\.001000000017 \(firm/);
    assert.match(stdout, /row haiku-2026 of price book abababababab/);
    assert.match(stdout, /Kafka partition 1, offset 1/);
  }
  const missing = await here('requests', 'show', 'req_missing');
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /No request req_missing was counted/);
});

test('requests are filtered by key, role and service', async () => {
  const keys = async (...args: string[]) => {
    const rows = await json<{ key: string }[]>('requests', 'list', '--limit', '1000', '--format', 'json', ...args);
    return [...new Set(rows.map(({ key }) => key))];
  };
  assert.equal((await keys()).length, 4);
  assert.deepEqual(await keys('--key', 'apikey_auth'), ['prod-auth-service']);
  assert.deepEqual(await keys('--role', 'POWER_USER'), ['prod-auth-service']);
  assert.deepEqual(await keys('--service', 'search'), ['prod-search-service']);
});

test('follow shows a request that is counted while it runs, once, and ends cleanly on Ctrl-C', async () => {
  const child = startCli(['requests', '--follow', '--limit', '1'], { databaseUrl: database.url });
  let shown = '';
  let said = '';
  child.stdout!.on('data', (chunk) => (shown += chunk));
  child.stderr!.on('data', (chunk) => (said += chunk));
  await eventually('it waits for requests', () => said.includes('Ctrl-C ends'));
  const ids = [await insertRequest(pool), await insertRequest(pool)];
  await eventually('both are shown', () => ids.every((id) => shown.includes(id)));
  const third = await insertRequest(pool);
  await eventually('a third is shown', () => shown.includes(third));
  child.kill('SIGINT');
  const [code] = await once(child, 'close');
  assert.equal(code, 0);
  for (const id of ids) assert.equal(shown.split(id).length, 2);
  assert.equal(shown.trimEnd().split('\n').length, 5, 'titles, one older request, three new ones');
  assert.doesNotMatch(said, /at .*\.ts/);
});

test('usage from the cubes equals the sum of the requests to the last digit, however it is broken down', async () => {
  const { rows } = await pool.query<{ cost: string; requests: string }>(
    `select sum(cost_usd) as cost, count(*) as requests from usage_event where request_id like 'req\\_' || repeat('_', 32)`,
  );
  for (const by of ['key', 'role,service', 'workspace', 'model,principal', 'day', 'month']) {
    const usage = await json<{ costTotalUsd: string; requests: number }[]>('usage', '--by', by, '--format', 'json');
    const total = usage.reduce((sum, row) => sum + parseUsd(row.costTotalUsd), 0n);
    assert.equal(formatUsd(total), rows[0]!.cost, by);
    assert.equal(
      usage.reduce((sum, row) => sum + row.requests, 0),
      Number(rows[0]!.requests),
    );
  }
  const { stdout } = await bursar('usage', '--by', 'key', '--zone', 'America/New_York');
  assert.match(stdout, /\ntotal +400 +40 .*\$0\.20 +\$0\.10 +\$0\.10 +\$0\.40\n$/);
});

test('usage of a time that begins between quarter hours is read from the minutes', async () => {
  const { rows } = await pool.query<{ since: string; until: string; requests: number }>(
    `
    select to_char(since at time zone 'UTC', $1) as since, to_char((since + interval '7 min') at time zone 'UTC', $1) as until,
           (select count(*)::int from usage_event
             where occurred_at >= since and occurred_at < since + interval '7 min') as requests
      from (select date_bin('15 min', now(), '2000-01-01Z') - interval '44 min' as since) range`,
    ['YYYY-MM-DD"T"HH24:MI"Z"'],
  );
  const { since, until, requests } = rows[0]!;
  const usage = await json<{ requests: number }[]>('usage', '--since', since, '--until', until, '--format', 'json');
  assert.equal(
    usage.reduce((sum, row) => sum + row.requests, 0),
    requests,
  );
  assert.ok(requests > 0);
});

test('CSV has a header, keeps amounts as they are and disarms formulas from the database', async () => {
  const { stdout } = await bursar('usage', '--by', 'service', '--format', 'csv');
  assert.match(stdout, /^service,requests,/);
  assert.match(stdout, /^"'=HYPERLINK\(""x""\)",100,/m);
  assert.match(stdout, /,0\.100000340000\n/);
});

test('limits show used, amount, state and what happens, exactly in JSON and rounded for people', async () => {
  const limits = await json<Record<string, unknown>[]>('limits', '--format', 'json');
  const search = limits.find(({ limit }) => limit === 'search per month');
  assert.equal(search?.['used'], '500.123456789012');
  assert.equal(search?.['state'], 'suspended');
  const { stdout } = await here('limits');
  assert.match(
    stdout,
    /search per month +key prod-search-service +\$500\.12 +\$500\.00 +100 +month +key suspended +suspends until the next period/,
  );
  assert.match(stdout, /development +workspace Development +\$171\.50 +\$200\.00 +85/);
});

test('a sliding rate counts the running minute and the share of the one before', async () => {
  const used = async () => {
    const limits = await json<{ limit: string; subject: string | null; used: string }[]>('limits', '--format', 'json');
    return limits.find(({ limit, subject }) => limit === 'runaway keys' && subject === 'prod-auth-service')?.used;
  };
  await pool.query(`
    insert into usage_minute select date_trunc('minute', now()) + n * interval '1 minute', 1, 1000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
      from generate_series(-1, 5) n on conflict (bucket, dimension_id) do update set requests = usage_minute.requests + 1000`);
  const rate = Number(await used());
  await pool.query(`update usage_minute set requests = requests - 1000 where requests >= 1000`);
  await pool.query(`delete from usage_minute where requests = 0`);
  assert.ok(rate >= 1_000 && rate <= 2_100, `${rate}`);
});

test('a limit for each key whose minute is empty says that nothing was used, not that there is no key', async () => {
  const minutes = (shift: string) => pool.query(`update usage_minute set bucket = bucket ${shift} interval '1 day'`);
  await minutes('-');
  const { stdout } = await here('limits');
  await minutes('+');
  assert.match(stdout, /runaway keys +workspace Production: no traffic this minute +0 requests/);
});

test('a key that is held by a rate and silent since is shown as suspended', async () => {
  await pool.query(`
    insert into hold (cause, rule, subject, api_key_id, window_start, window_end, generation, state, sentence, evidence, in_force_at)
      values ('limit', 'runaway keys', '1', 'apikey_auth', now(), now(), 1, 'in_force', 'It ran away.', '{"rate": 900}', now())`);
  const { stdout } = await here('limits');
  await pool.query(`delete from hold where rule = 'runaway keys'`);
  assert.match(stdout, /runaway keys +prod-auth-service +\d+ requests +300 requests +0 +sliding minute +key suspended/);
});

test('workspaces are a tree with every key under its own workspace', async () => {
  const { stdout } = await here('workspaces');
  const production = stdout.slice(stdout.indexOf('Production'), stdout.indexOf('Staging'));
  assert.match(production, /├─ active +prod-auth-service[\s\S]*└─ inactive +prod-search-service/);
  assert.match(stdout, /^Acme/);
  assert.match(stdout, /unbound +sk-ant-api03-fff\.\.\.none +not in the inventory/);
});

test('workspaces show the role that the policy gives to a key, and the last used one where it gives none', async () => {
  await pool.query(`insert into dimension (key_ref, role, workspace_id, service, principal, model, price_row, usage_basis)
    values (1, 'USER', 'wrkspc_prod', 'first-service', '', 'claude-haiku-5-5', 'haiku-2026', 'reported')`);
  const rows = await json<{ key: string | null; role: string | null }[]>('workspaces', '--format', 'json');
  await pool.query(`delete from dimension where service = 'first-service'`);
  const roles = Object.fromEntries(rows.map(({ key, role }) => [key, role]));
  assert.deepEqual([roles['prod-auth-service'], roles['break-glass'], roles['null']], ['POWER_USER', 'ADMIN', 'USER']);
});

test('keys are listed with what the policy says about them, their holds and their rotation', async () => {
  const keys = await json<Record<string, unknown>[]>('keys', 'list', '--format', 'json');
  const auth = keys.find(({ name }) => name === 'prod-auth-service');
  assert.equal(auth?.['owner'], 'auth-team@acme.example');
  assert.equal(auth?.['holds'], 'rotation rotation (proposed)');
  assert.match((await here('keys', 'show', 'break-glass')).stdout, /protected: never switched off by Bursar/);
});

test('a key was last used when its newest request says, not when its quarter hour began', async () => {
  const newestMinute = async (name: string) => {
    const { rows } = await pool.query<{ at: Date }>(
      `select date_trunc('minute', max(occurred_at)) as at from usage_event join dimension using (dimension_id)
         join key_binding using (key_ref) join api_key using (api_key_id) where api_key.name = $1
          and request_id like 'req\\_' || repeat('_', 32)`,
      [name],
    );
    return rows[0]!.at.toISOString();
  };
  const keys = await json<{ name: string; lastUsedAt: string }[]>('keys', 'list', '--format', 'json');
  for (const name of ['prod-auth-service', 'prod-search-service']) {
    assert.equal(keys.find((key) => key.name === name)?.lastUsedAt, await newestMinute(name));
  }
});

test('holds, findings and incidents are listed, the ended ones only with --all', async () => {
  assert.doesNotMatch((await here('holds', 'list')).stdout, /rejected/);
  assert.match((await here('holds', 'list', '--all')).stdout, /rejected/);
  assert.match((await here('findings', 'list')).stdout, /No entry of the policy names/);
  assert.match((await here('incidents')).stdout, /Offsets 10 to 12 are missing/);
});

test('quarantine lists what is held, shows a record with what to do, and keeps what was decided for --all', async () => {
  const hostile = '{"name":"\\u001b[2Jpwned","\u001b[31m":1}';
  await pool.query(
    `insert into quarantine (topic, partition, kafka_offset, reason, detail, record, record_bytes, record_key, headers, altered, quarantined_at)
     values ('bursar.usage.v1', 1, 8, 'too_old', 'made long ago', $1, 20000, E'k\\u009b', '{"ce_id":["a","b"]}', 'cut', now() - interval '3 days')`,
    [hostile],
  );
  await pool.query(
    `insert into quarantine (topic, partition, kafka_offset, reason, detail, record, record_bytes, state, decided_at, decided_by, decided_because)
     values ('bursar.usage.v1', 1, 9, 'not_json', 'not JSON', '{', 1, 'discarded', now(), 'ada', 'a test of ours')`,
  );
  const list = (...args: string[]) => json<{ reason: string }[]>('quarantine', 'list', ...args, '--format', 'json');
  const reasons = async (...args: string[]) => (await list(...args)).map(({ reason }) => reason);
  assert.deepEqual(await reasons(), ['too_old', 'schema']);
  assert.deepEqual(await reasons('--all'), ['not_json', 'too_old', 'schema']);
  assert.deepEqual(await reasons('--since', '2d'), ['schema']);
  assert.deepEqual(await reasons('--reason', 'too_old'), ['too_old']);
  const shown = (await here('quarantine', 'show', '2')).stdout;
  assert.match(
    shown,
    /^Record 2, held, came .*\n +reason +too_old\. The event is older[\s\S]*to do +It can not be sent again/,
  );
  assert.match(
    shown,
    /place +bursar\.usage\.v1, partition 1, offset 8\n[\s\S]*header +ce_id: b\n[\s\S]*only its beginning was kept/,
  );
  assert.doesNotMatch(shown.replaceAll('\n', ''), /[\p{Cc}]/u);
  assert.match(
    (await here('quarantine', 'show', '3')).stdout,
    /decided +discarded by ada at .*: a test of ours[\s\S]*\n\{\n$/,
  );
  assert.match((await here('quarantine', 'show', '99')).stderr, /No record 99 is in quarantine/);
  await pool.query('delete from quarantine where quarantine_id > 1');
});

test('quarantine retry and discard ask the aggregator, say what it did, and fail when nothing was changed', async () => {
  const aggregator = answerCommands('1 record sent again (1)\nnot 2: no such record is in quarantine');
  const retried = await here('quarantine', 'retry', '1', '2', '--reason-text', 'upgraded');
  await aggregator.stop();
  assert.equal(retried.code, 0, retried.stderr);
  assert.equal(retried.stdout, '1 record sent again (1)\nnot 2: no such record is in quarantine\n');
  const asked = () => pool.query('select kind, reason, arguments from command order by command_id desc limit 1');
  assert.deepEqual((await asked()).rows, [
    { kind: 'quarantine_retry', reason: 'upgraded', arguments: { ids: ['1', '2'] } },
  ]);

  const refusing = answerCommands('0 records discarded\nnot 1: it was retried before');
  const discarded = await here('quarantine', 'discard', '--reason', 'schema', '--reason-text', 'ours');
  await refusing.stop();
  assert.deepEqual([discarded.code, discarded.stdout], [1, '0 records discarded\nnot 1: it was retried before\n']);
  assert.deepEqual((await asked()).rows, [
    { kind: 'quarantine_discard', reason: 'ours', arguments: { heldFor: 'schema', upTo: '1' } },
  ]);
});

test('quarantine retry and discard refuse what names no record, before anything is asked', async () => {
  const before = await pool.query('select count(*) from command');
  for (const [args, said] of [
    [['retry'], /Name the records by their numbers/],
    [['retry', '1', '--reason', 'schema'], /Name the records by their numbers/],
    [['retry', 'x'], /"x" is no number of a record/],
    [['discard', '1'], /required option '--reason-text/],
    [['discard', '1', '--reason-text', ' '], /--reason-text is empty/],
    [['retry', '--reason', 'no_such'], /No record is held for the reason "no_such"/],
  ] as const) {
    const { code, stdout, stderr } = await here('quarantine', ...args);
    assert.deepEqual([code, stdout], [2, ''], stderr);
    assert.match(stderr, said);
  }
  assert.deepEqual((await pool.query('select count(*) from command')).rows, before.rows);
  const { code, stderr } = await here('quarantine', 'retry', '1', '--wait', '1');
  assert.equal(code, 1);
  assert.match(stderr, /No aggregator answered within 1 s; the command stays in the queue/);
  await pool.query('delete from command where done_at is null');
});

test('corrections tell what was added to closed days since the books were closed, exactly', async () => {
  assert.match((await here('corrections')).stderr, /No closed day was changed/);
  const backwards = await here('corrections', '--since', '1h', '--until', '2h');
  assert.deepEqual([backwards.code, backwards.stdout], [2, '']);
  await pool.query(
    `insert into cube_correction (recorded_at, cause, topic, partition, first_offset, last_offset, bucket, dimension_id, requests, errors,
       input_tokens, output_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, web_searches, cost_firm_usd,
       cost_estimated_usd, cost_provisional_usd)
     select now() - age, 'late_event', 'bursar.usage.v1', 0, 1, 2, at, (select min(dimension_id) from dimension), 1, 0, 10, 1, 0, 0, 0, 0, 0.000000000001, 0, 0.5
       from (values (interval '40 days', timestamptz '2026-10-01 12:00Z'), ('1 hour', '2026-10-24 21:45Z'), ('1 hour', '2026-10-24 22:00Z'),
                    ('1 minute', '2026-10-25 22:45Z')) as late (age, at)`,
  );
  type Row = { day: string; requests: number; costTotalUsd: string; corrections: number };
  const rows = await json<Row[]>('corrections', '--by', 'day', '--zone', 'Europe/Berlin', '--format', 'json');
  assert.deepEqual(
    rows.map(({ day, requests, corrections, costTotalUsd }) => [day, requests, corrections, costTotalUsd]),
    [
      ['2026-10-25', 2, 2, '1.000000000002'],
      ['2026-10-24', 1, 1, '0.500000000001'],
    ],
  );
  assert.match((await here('corrections')).stdout, /^DAY +KEY +LAST RECORDED +REQUESTS/);
  assert.match(
    (await here('corrections', '--format', 'csv')).stdout,
    /^day,key,corrections,firstRecordedAt,lastRecordedAt,requests/,
  );
  await pool.query('delete from cube_correction');
});

test('escape sequences and newlines in names never reach the terminal, in any format', async () => {
  const commands = ['status', 'keys list', 'findings list', 'workspaces', 'requests --limit 8', 'usage', 'limits'];
  const formats = ['keys list', 'findings list', 'workspaces', 'requests --limit 8', 'usage'].flatMap((command) => [
    `${command} --format json`,
    `${command} --format csv`,
  ]);
  for (const command of [...commands, ...formats]) {
    const { stdout, stderr } = await here(...command.split(' '));
    assert.doesNotMatch(`${stdout}${stderr}`.replaceAll('\n', ''), /[\p{Cc}]/u, command);
    assert.doesNotMatch(stdout, /^\s*=cmd/m, command);
  }
  const names = await json<{ name: string | null }[]>('keys', 'list', '--format', 'json');
  assert.ok(
    names.some(({ name }) => name?.startsWith('\u001b[2J')),
    'JSON keeps the name itself',
  );
});

test('pause waits for the revoker, says what it did, and leaves the actor to the database', async () => {
  const revoker = answerCommands();
  const { stdout, stderr, code } = await bursar('pause', '--for', '2h', '--reason', 'sale');
  await revoker.stop();
  assert.equal(code, 0, stderr);
  assert.match(stdout, /The revoker took command \d+: paused/);
  const { rows } = await pool.query(`select kind, actor = session_user as own, reason,
    (arguments->>'until')::timestamptz between now() + interval '119 minutes' and now() + interval '121 minutes' as two_hours
    from command order by command_id desc limit 1`);
  assert.deepEqual(rows, [{ kind: 'pause', own: true, reason: 'sale', two_hours: true }]);
});

test('a reason is stored as one line of plain text without secrets, and one of which nothing is left is refused', async () => {
  const file = join(folder, 'reasoned.yaml');
  writeFileSync(file, DEMO_POLICY);
  const hostile = `\u001b[2J\u001b[31mblack\u009b0m friday\n\u0007 sk-ant-api03-${'x'.repeat(80)} `;
  const stored = 'black friday sk-ant-[redacted]';
  for (const args of [['pause'], ['unpause'], ['apply', file]]) {
    for (const empty of ['', ' \n', '\u001b[31m\u0007']) {
      const { stdout, stderr, code } = await here(...args, '--reason', empty);
      assert.deepEqual({ stdout, code }, { stdout: '', code: 2 });
      assert.equal(stderr, '--reason is empty; write why, it stays in the record.\n');
    }
    assert.equal((await here(...args, '--reason', hostile, '--wait', '1')).code, 1, 'nobody takes it up');
  }
  const commands = await pool.query('delete from command where done_at is null returning reason');
  const versions = await pool.query('delete from policy_version where policy_version_id > 1 returning reason');
  await pool.query('alter table policy_version alter column policy_version_id restart with 2');
  assert.deepEqual(
    [...commands.rows, ...versions.rows].map(({ reason }) => reason),
    [stored, stored, stored],
  );
});

test('pause without a revoker fails and says what that means', async () => {
  const { stderr, code } = await bursar('pause', '--reason', 'sale', '--wait', '1');
  assert.equal(code, 1);
  assert.match(stderr, /No revoker answered within 1 s; the command stays in the queue.*no key is switched off/);
  await pool.query('delete from command where done_at is null');
});

test('config check tells every error with line and column and exits with 2', async () => {
  const file = join(folder, 'wrong.yaml');
  writeFileSync(file, DEMO_POLICY.replace('500 USD', '500').replace('Europe/Berlin', 'Europe/Berlim'));
  const { stderr, code } = await bursar('config', 'check', file);
  assert.equal(code, 2);
  assert.match(stderr, /wrong\.yaml:1:\d+ organization\.timezone/);
  assert.match(stderr, /wrong\.yaml:\d+:\d+ limits\[0\]\.budget/);
  assert.match(stderr, /2 problems in .*; nothing was applied/);
});

test('config schema is a JSON Schema', async () => {
  assert.equal((await json<{ type: string }>('config', 'schema')).type, 'object');
});

test('apply submits a version and says whether it is in force, refused, or waits for an aggregator', async () => {
  const file = join(folder, 'policy.yaml');
  writeFileSync(file, DEMO_POLICY);
  const applied = () => here('apply', file, '--reason', 'test', '--wait', '1');
  const waiting = await applied();
  assert.equal(waiting.code, 1);
  assert.match(waiting.stderr, /No aggregator has put policy version 2 in force yet.*start an aggregator/);
  await pool.query(`create function accept() returns trigger language plpgsql as
    $$ begin new.activated_at = now(); return new; end $$;
    create trigger accept before insert on policy_version for each row execute function accept()`);
  const active = await applied();
  assert.equal(active.code, 0, active.stderr);
  assert.match(active.stderr, /Policy version 3 is in force/);
  assert.doesNotMatch(active.stderr, /Enforcement is OFF/);
  await pool.query(`update enforcement_gate set auto_refused_because = 'not yet allowed'`);
  const onlyProposed = await applied();
  await pool.query('update enforcement_gate set auto_refused_because = null');
  assert.equal(onlyProposed.code, 0);
  assert.match(
    onlyProposed.stderr,
    /in force\.\nEnforcement is OFF: .* the revoker only proposes: not yet allowed\.\n/,
  );
  await pool.query(`create or replace function accept() returns trigger language plpgsql as
    $$ begin new.refused_because = 'no such key'; return new; end $$`);
  const refused = await applied();
  await pool.query('drop trigger accept on policy_version; delete from policy_version where policy_version_id > 1');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /version 5 was refused: no such key/);
});

test('migrate can be repeated, and a database without schema is told from one that is away', async () => {
  assert.equal((await bursar('migrate')).code, 0);
  await using bare = await freshDatabase('cli_bare');
  const barePool = openPool(bare.url, { name: 'cli test' });
  await barePool.query('drop schema public cascade; create schema public');
  await barePool.end();
  const unprepared = await runCli(['status'], { databaseUrl: bare.url });
  assert.equal(unprepared.code, 1);
  assert.match(unprepared.stderr, /no Bursar schema; run `bursar migrate`/);
  const away = await runCli(['status', '--database-url', 'postgres://anna:sekret@127.0.0.1:1/bursar']);
  assert.equal(away.code, 1);
  assert.equal(
    away.stderr,
    'The database at 127.0.0.1:1/bursar does not answer (ECONNREFUSED). Does it run, and is the address right?\n',
  );
});

test('without a database one clear line says how to give one', async () => {
  const { stderr, stdout, code } = await runCli(['status'], { cwd: folder });
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /^No database is given and no Bursar runs here\. Use --database-url [^\n]*\n$/);
});

test('a Bursar that runs in a folder above is found; one that has ended is named and ignored', async () => {
  const below = join(folder, 'deep', 'er');
  mkdirSync(below, { recursive: true });
  mkdirSync(join(folder, '.bursar'));
  const record = (pid: number) => {
    const running = {
      kind: 'start',
      pid,
      kafkaBrokers: 'x',
      databaseUrl: database.url,
      startedAt: new Date().toISOString(),
    };
    writeFileSync(join(folder, '.bursar', 'running.json'), JSON.stringify(running));
  };
  record(process.pid);
  assert.match((await runCli(['workspaces'], { cwd: below })).stdout, /^Acme/);
  record(spawnSync(process.execPath, ['--version']).pid);
  const { stderr, code } = await runCli(['workspaces'], { cwd: below });
  assert.equal(code, 2);
  assert.match(stderr, /is ignored: its process \d+ \(pnpm start\) has ended/);
});

test('wrong use exits with 2 and one line, help with 0 and an example', async () => {
  for (const args of [
    ['frob'],
    ['usage', '--by', 'colour'],
    ['usage', '--since', '2026-02-31'],
    ['pause'],
    ['limits', '--format', 'xml'],
  ]) {
    const { stderr, stdout, code } = await here(...args);
    assert.deepEqual({ code, stdout }, { code: 2, stdout: '' }, args.join(' '));
    assert.doesNotMatch(stderr, /\n\s+at /);
  }
  for (const args of [
    'status',
    'why',
    'requests',
    'requests list',
    'requests show',
    'workspaces',
    'usage',
    'limits',
    'keys list',
    'holds list',
    'pause',
    'apply',
    'config',
    'config check',
    'migrate',
  ]) {
    const { stdout, code } = await here(...args.split(' '), '--help');
    assert.equal(code, 0);
    assert.match(stdout, /Examples?:\n {2}bursar /, args);
  }
  assert.match((await here('requests', '--help')).stdout, /bursar requests --follow/);
  const { stdout, code } = await here();
  assert.equal(code, 0);
  assert.match(stdout, /^Usage: bursar/);
});

/** Answers each command as the revoker would. */
function answerCommands(outcome = 'paused'): { stop(): Promise<void> } {
  let running = true;
  const work = (async () => {
    while (running) {
      await pool.query('update command set done_at = now(), outcome = $1 where done_at is null', [outcome]);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    stop: async () => {
      running = false;
      await work;
    },
  };
}
