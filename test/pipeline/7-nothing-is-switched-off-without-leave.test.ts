import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../infra/local/eventually.ts';
import { call, type Installation, install, policyText } from '../harness/installation.ts';

const names = ['one', 'two', 'three'];
const seed = names.map((name) => ({ name, workspace: 'Development' }));
const limits = ['{ name: users per day, role: USER, each: key, period: day, budget: 0.01 USD, on_breach: suspend }'];

async function everyKeyBreaks(bursar: Installation): Promise<void> {
  for (const name of names) await call(bursar.client(name, { service: name, role: 'USER' }).anthropic, 20_000);
  await eventually('every key has broken its limit and was decided about', async () => {
    const { rows } = await bursar.db.query(
      `select count(*)::int as n from breach where kind = 'limit' and consumed_at is not null`,
    );
    return rows[0].n === names.length;
  });
}

async function switchedOff(bursar: Installation): Promise<string[]> {
  return names.filter((name) => bursar.statusOf(name) === 'inactive');
}

async function begin(name: string, policy: Partial<Parameters<typeof policyText>[0]>): Promise<Installation> {
  const bursar = await install(name, seed);
  await Promise.all([bursar.start('aggregator'), bursar.start('scheduler'), bursar.start('revoker')]);
  await bursar.inventory();
  await bursar.apply(policyText({ keys: names.map((key) => ({ name: key })), limits, ...policy }));
  return bursar;
}

const moment = () => new Promise((resolve) => setTimeout(resolve, 2_500));

test('in observe mode a breach is a proposal with evidence and a page, and no key is touched', async () => {
  await using bursar = await begin('observe', { mode: 'observe' });
  await everyKeyBreaks(bursar);
  await moment();
  assert.deepEqual(await switchedOff(bursar), []);
  const { rows } = await bursar.db.query('select state, evidence from hold');
  assert.equal(rows.length, 3);
  for (const hold of rows) {
    assert.equal(hold.state, 'proposed');
    assert.ok(Object.keys(hold.evidence).length > 0);
  }
  const pages = await bursar.db.query(`select 1 from outbox where severity = 'page'`);
  assert.ok(pages.rows.length >= 3);
  const changes = bursar.emulator.adminLog().filter((entry) => entry.method === 'POST');
  assert.deepEqual(changes, []);
});

test('a protected key pages and stays on, whatever its role breaks', async () => {
  await using bursar = await begin('protected', {
    keys: names.map((name) => ({ name, protected: name === 'two' })),
  });
  await everyKeyBreaks(bursar);
  await eventually('the others are off', async () => (await switchedOff(bursar)).length === 2);
  await moment();
  assert.deepEqual(await switchedOff(bursar), ['one', 'three']);
  const holds = await bursar.db.query(`select 1 from hold join api_key using (api_key_id) where name = 'two'`);
  assert.equal(holds.rows.length, 0, 'not even a proposal');
  const pages = await bursar.db.query(`select 1 from outbox where kind = 'protected_key' and severity = 'page'`);
  assert.equal(pages.rows.length, 1);
});

test('no more keys are switched off than the cap allows; the others wait for a person, who is paged', async () => {
  await using bursar = await begin('caps', { caps: '{ per_10_minutes: 2, per_hour: 20, per_day: 20 }' });
  await everyKeyBreaks(bursar);
  await eventually('two keys are off', async () => (await switchedOff(bursar)).length === 2);
  await moment();
  assert.equal((await switchedOff(bursar)).length, 2);
  const waiting = await bursar.db.query(`select 1 from hold where state = 'approved'`);
  assert.equal(waiting.rows.length, 1);
});

test('nothing happens while enforcement is paused, and its end lets one act of the backlog through, no more', async () => {
  await using bursar = await begin('pause', {});
  await bursar.db.query(`insert into command (kind, reason) values ('pause', 'test')`);
  await everyKeyBreaks(bursar);
  await moment();
  assert.deepEqual(await switchedOff(bursar), []);
  await bursar.db.query(`insert into command (kind, reason) values ('unpause', 'test')`);
  await eventually('one key is off', async () => (await switchedOff(bursar)).length === 1);
  await moment();
  assert.equal((await switchedOff(bursar)).length, 1);
});
