import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../../../infra/local/eventually.ts';
import { freshDatabase } from '../../../../test/harness/database.ts';
import { testPool } from '../../../../test/harness/ledger.ts';
import { runHere } from '../testing/run-cli.ts';

/** A database with incident 1, a hole, and incident 2, a silent emitter. */
async function troubled(name: string) {
  const onExit = new AsyncDisposableStack();
  const database = onExit.use(await freshDatabase(name));
  const db = onExit.use(testPool(database.url));
  await db.query(
    `insert into incident (kind, subject, sentence, detail) values
       ('hole', 'bursar.usage.v1/3', 'Kafka no longer has offsets 4 to 5.', '{"from": "4", "to": "5"}'),
       ('emitter_silent', 'search/1', 'It is silent.', '{"mostLost": 3}')`,
  );
  const bursar = (...args: string[]) => runHere(args, database.url);
  return {
    db,
    bursar,
    /** Runs a command line whose command an aggregator answers so; returns also what it was asked. */
    async answered(outcome: string, ...args: string[]) {
      const answer = eventually('a command', async () => {
        const { rows } = await db.query(
          'update command set done_at = now(), outcome = $1 where done_at is null returning kind, reason, arguments',
          [outcome],
        );
        return rows[0];
      });
      return { ...(await bursar(...args)), asked: await answer };
    },
    [Symbol.asyncDispose]: () => onExit.disposeAsync(),
  };
}

test('show tells range, meaning, what resolving does and the exact command; of a resolved one who ended it and why', async () => {
  await using it = await troubled('show');
  const hole = (await it.bursar('incidents', 'show', '1')).stdout;
  assert.match(hole, /^Incident 1, hole, open, since .*\n {2}about +bursar.usage.v1\/3\n/);
  assert.match(hole, /range +offsets 4 to 5, 2 in all\n[\s\S]*resolve +skips this range for ever/);
  assert.match(hole, /bursar incidents resolve 1 --accept-loss --reason "…"\n$/);
  const silent = (await it.bursar('incidents', 'show', '2')).stdout;
  assert.match(silent, /detail +mostLost: 3\n[\s\S]*bursar incidents resolve 2 --reason "…"\n$/);
  await it.db.query(
    `update incident set resolved_at = '2026-11-24T10:00Z', resolved_by = 'ada', resolution = 'found it' where incident_id = 2`,
  );
  assert.match(
    (await it.bursar('incidents', 'show', '2')).stdout,
    /ended +by ada at 2026-11-24 10:00:00Z: found it\n$/,
  );
  for (const [id, said] of [
    ['9', /There is no incident 9/],
    ['x', /"x" is no number/],
  ] as const) {
    const { code, stderr } = await it.bursar('incidents', 'show', id);
    assert.equal(code, 2);
    assert.match(stderr, said);
  }
});

test('resolve asks the aggregator: 0 when it did, 3 when a person must decide first, 1 when it refused or does not answer', async () => {
  await using it = await troubled('resolve');
  const resolve = ['incidents', 'resolve', '1', '--reason', 'ticket 4711'];
  const undecided = await it.answered('to decide: 2 records will be lost, add --accept-loss', ...resolve);
  assert.deepEqual([undecided.code, undecided.asked.arguments], [3, { incidentId: '1', accept: false }]);
  assert.match(undecided.stdout, /^to decide: 2 records/);
  const done = await it.answered('incident 1 is resolved\nit goes on', ...resolve, '--accept-loss');
  assert.deepEqual([done.code, done.stdout], [0, 'incident 1 is resolved\nit goes on\n']);
  assert.deepEqual(done.asked, {
    ...{ kind: 'incident_resolve', reason: 'ticket 4711', arguments: { incidentId: '1', accept: true } },
  });
  assert.equal((await it.answered('refused: it was resolved already', ...resolve)).code, 1);
  const alone = await it.bursar(...resolve, '--wait', '1');
  assert.equal(alone.code, 1);
  assert.match(alone.stderr, /No aggregator answered within 1 s/);
  assert.equal((await it.bursar('incidents', 'resolve', '1')).code, 2, 'without a reason');
});

test('replay asks for the earliest, a time or an offset of one partition', async () => {
  await using it = await troubled('replay');
  const asks = async (...args: string[]) =>
    (await it.answered('7 records are read again', 'replay', '--reason', 'x', ...args)).asked.arguments;
  assert.deepEqual(await asks('--from', 'earliest'), { from: 'earliest' });
  assert.deepEqual(await asks('--from', '17', '--partition', '3'), { from: { offset: '17' }, partition: 3 });
  const time = { time: '2026-11-20T07:00:00.000Z' };
  assert.deepEqual(await asks('--from', '2026-11-20T08:00+01:00', '--partition', '0'), { from: time, partition: 0 });
  for (const args of [['--from', '17'], ['--from', 'yesterday'], ['--from', '17', '--partition', 'x'], []]) {
    assert.equal((await it.bursar('replay', '--reason', 'x', ...args)).code, 2, args.join(' '));
  }
  assert.equal((await it.db.query('select from command where done_at is null')).rowCount, 0);
});
