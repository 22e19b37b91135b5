import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { RecordOut } from '@bursar/bus/producer';
import { insertQuarantine, pruneQuarantine } from '@bursar/db/ledger/quarantine';
import type { QuarantineRow } from '@bursar/db/ledger/rows';
import type { Pool } from '@bursar/db/pool';
import { type QuarantineRequest, submitAggregatorRequest, submitCommand } from '@bursar/db/report/command';
import { inTransaction } from '@bursar/db/transaction';
import { uuidV7 } from '@bursar/events/uuid-v7';
import { freshDatabase } from '../../../test/harness/database.ts';
import { testPool } from '../../../test/harness/ledger.ts';
import { consumeCommands } from './consume-commands.ts';
import { discardQuarantined } from './discard-quarantined.ts';
import { retryQuarantined } from './retry-quarantined.ts';

const DAY_MS = 86_400_000;
const TOPIC = 'bursar.usage.v1';

/** A quarantine that holds these records, and an aggregator that consumes commands about them. */
async function quarantineOf(name: string, ...records: Partial<QuarantineRow>[]) {
  const onExit = new AsyncDisposableStack();
  const database = onExit.use(await freshDatabase(name));
  const db = onExit.use(testPool(database.url));
  // One by one: their numbers are in this order.
  for (const [index, record] of records.entries()) {
    await inTransaction(db, (connection) => insertQuarantine(connection, [row(index, record)]));
  }
  const sent: RecordOut[] = [];
  const producer = {
    send: async (topic: string, out: readonly RecordOut[]) => {
      assert.equal(topic, TOPIC);
      sent.push(...out);
    },
  };
  const kinds = [retryQuarantined(producer, TOPIC), discardQuarantined()];
  return {
    db,
    sent,
    producer,
    consume: () => consumeCommands(db, kinds),
    [Symbol.asyncDispose]: () => onExit.disposeAsync(),
  };
}

function row(offset: number, record: Partial<QuarantineRow>): QuarantineRow {
  return {
    ...{ topic: TOPIC, partition: 0, kafka_offset: String(offset), reason: 'invalid', detail: 'a field is wrong' },
    ...{ record: `{"n":${offset}}`, record_bytes: 7, record_key: 'k', headers: '{}', altered: null, event_id: null },
    ...{ emitter_id: null, boot: null, seq: null, quarter: null },
    ...record,
  };
}

type Asked = QuarantineRequest;
const ask = (db: Pool, kind: Asked['kind'], given: Asked['arguments']) =>
  submitAggregatorRequest(db, { kind, reason: 'ticket 4711', arguments: given });

async function states(db: Pool): Promise<string[]> {
  const { rows } = await db.query('select quarantine_id, state from quarantine order by quarantine_id');
  return rows.map(({ quarantine_id, state }) => `${quarantine_id} ${state}`);
}

async function outcomes(db: Pool): Promise<(string | null)[]> {
  return (await db.query('select outcome from command order by command_id')).rows.map(({ outcome }) => outcome);
}

test('a retried record goes to the usage topic as it came, once, and who decided is written down', async () => {
  const headers = { 'content-type': 'application/json', trace: ['a', 'b'] };
  await using it = await quarantineOf('retry', { headers: JSON.stringify(headers) }, { record_key: null });
  await ask(it.db, 'quarantine_retry', { ids: ['1', '2'] });
  await it.consume();
  assert.deepEqual(it.sent, [
    { key: 'k', value: '{"n":0}', headers },
    { key: null, value: '{"n":1}', headers: {} },
  ]);
  assert.deepEqual(await outcomes(it.db), ['2 records sent again (1, 2)']);
  const { rows } = await it.db.query(`select state, decided_by = session_user as own, decided_because from quarantine`);
  assert.deepEqual(rows, Array(2).fill({ state: 'retried', own: true, decided_because: 'ticket 4711' }));
  const audit = await it.db.query('select action, actor = session_user as own, reason, evidence from audit_pending');
  const evidence = { commandId: '1', quarantineIds: ['1', '2'] };
  assert.deepEqual(audit.rows, [{ action: 'quarantine.retry', own: true, reason: 'ticket 4711', evidence }]);

  await ask(it.db, 'quarantine_retry', { ids: ['1'] });
  await it.consume();
  assert.equal(it.sent.length, 2, 'not a second time');
  assert.match((await outcomes(it.db))[1] ?? '', /^0 records sent again\nnot 1: it was sent again before/);
});

test('a record that is sent again leaves the count of what is quarantined: it is counted when it comes', async () => {
  const boot = randomUUID();
  const own = { emitter_id: 'search/1', boot, seq: 1, quarter: '2026-11-24T10:00:00Z', event_id: uuidV7(Date.now()) };
  await using it = await quarantineOf('release', own);
  await it.db.query(
    `insert into emitter_seq (emitter_id, boot, partition, service, quarantined) values ('search/1', $1, 0, 'search', 1)`,
    [boot],
  );
  await ask(it.db, 'quarantine_retry', { ids: ['1'] });
  await it.consume();
  assert.deepEqual((await it.db.query('select quarantined::int from emitter_seq')).rows, [{ quarantined: 0 }]);
});

test('what must not or can not go through the log again is refused with its reason, the rest is sent', async () => {
  await using it = await quarantineOf(
    'refused',
    { reason: 'too_old' },
    { altered: 'cut' },
    { altered: 'scrubbed' },
    { altered: 'not_text' },
    { event_id: uuidV7(Date.now() - 11 * DAY_MS) },
    { reason: 'empty' },
    { event_id: uuidV7(Date.now() - 9 * DAY_MS) },
  );
  await ask(it.db, 'quarantine_retry', { ids: ['1', '2', '3', '4', '5', '6', '7', '99'] });
  await it.consume();
  assert.deepEqual(
    it.sent.map(({ value }) => value),
    ['{"n":6}'],
  );
  const lines = (await outcomes(it.db))[0]!.split('\n');
  assert.equal(lines[0], '1 record sent again (7)');
  assert.match(lines[1]!, /^not 1, 5: it is older than the 10 days .* Anthropic's figures$/);
  assert.match(
    lines.join('\n'),
    /not 2: .*only its beginning[\s\S]*not 3: .*a secret[\s\S]*not 4: .*not text[\s\S]*not 6: [\s\S]*not 99: no such/,
  );
  assert.equal((await states(it.db)).filter((state) => state.endsWith('held')).length, 6);
});

test('a discarded record is not sent, stays, and can still be sent by its number when that was a mistake', async () => {
  await using it = await quarantineOf('discard', {}, {});
  await ask(it.db, 'quarantine_discard', { ids: ['1'] });
  await ask(it.db, 'quarantine_discard', { ids: ['1'] });
  await it.consume();
  assert.deepEqual(await states(it.db), ['1 discarded', '2 held']);
  assert.deepEqual(await outcomes(it.db), [
    '1 record discarded (1)',
    '0 records discarded\nnot 1: it was discarded before',
  ]);
  assert.equal((await it.db.query(`select from audit_pending where action = 'quarantine.discard'`)).rowCount, 1);
  await ask(it.db, 'quarantine_retry', { ids: ['1'] });
  await it.consume();
  assert.deepEqual([await states(it.db), it.sent.length], [['1 retried', '2 held'], 1]);
});

test('all of a reason means those that the person saw: what came later and what is decided is left alone', async () => {
  await using it = await quarantineOf('reason', {}, { reason: 'not_json' }, {}, {});
  await ask(it.db, 'quarantine_discard', { ids: ['3'] });
  await ask(it.db, 'quarantine_retry', { heldFor: 'invalid', upTo: '3' });
  await it.consume();
  assert.deepEqual(await states(it.db), ['1 retried', '2 held', '3 discarded', '4 held']);
});

test('while Kafka is away nothing is decided and the command waits, but holds up no other', async (t) => {
  await using it = await quarantineOf('away', {}, {});
  const away = t.mock.method(it.producer, 'send', () => Promise.reject(new Error('no broker')));
  await ask(it.db, 'quarantine_retry', { ids: ['1'] });
  await ask(it.db, 'quarantine_discard', { ids: ['2'] });
  await assert.rejects(it.consume(), /no broker/);
  assert.deepEqual(await states(it.db), ['1 held', '2 discarded']);
  away.mock.restore();
  await it.consume();
  assert.deepEqual([await states(it.db), it.sent.length], [['1 retried', '2 discarded'], 1]);
});

test('several aggregators carry out each command once', async () => {
  const count = 30;
  await using it = await quarantineOf('shared', ...Array.from({ length: count }, () => ({})));
  for (let id = 1; id <= count; id++) await ask(it.db, 'quarantine_retry', { ids: [String(id)] });
  await Promise.all([it.consume(), it.consume(), it.consume()]);
  assert.equal(it.sent.length, count);
  assert.ok((await outcomes(it.db)).every((outcome) => outcome?.startsWith('1 record sent again')));
});

test('commands to the revoker are left to it, and wrong arguments are refused in words', async () => {
  await using it = await quarantineOf('kinds', {});
  await submitCommand(it.db, { kind: 'pause', reason: 'sale' });
  await it.db.query(
    `insert into command (kind, reason, arguments) values ('quarantine_discard', 'r', '{"ids": ["x"]}')`,
  );
  await it.consume();
  const [pause, wrong] = await outcomes(it.db);
  assert.equal(pause, null);
  assert.match(wrong ?? '', /^refused: arguments are \{"ids"/);
});

test('records are forgotten long after they were decided about, and at last in any case, in chunks', async () => {
  await using it = await quarantineOf('prune', {}, {}, {}, {});
  await it.db.query(`
    update quarantine set state = 'discarded', decided_by = 'ada', decided_at = now() - quarantine_id * interval '50 days'
     where quarantine_id <= 2;
    update quarantine set quarantined_at = now() - interval '401 days' where quarantine_id = 3`);
  const keepMs = { decided: 90 * DAY_MS, held: 400 * DAY_MS };
  assert.equal(await pruneQuarantine(it.db, keepMs, 1), 1);
  assert.equal(await pruneQuarantine(it.db, keepMs, 10), 1);
  assert.deepEqual(await states(it.db), ['1 discarded', '4 held']);
});
