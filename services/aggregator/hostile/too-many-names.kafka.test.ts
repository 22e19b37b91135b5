import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../../infra/local/eventually.ts';
import { recordOf, trafficKey, usageEvent } from '../../../test/harness/traffic.ts';
import { attacked, goodEvents, metricOf, untilExactly } from './attacked.ts';

const attacker = trafficKey();
const victim = trafficKey();

test('a principal per request makes a thousand names a day and no more, through a restart, and every request counts', async () => {
  await using ledger = await attacked('principals');
  const { db } = ledger;
  const all = [];
  const atMs = Date.now();
  for (const round of [1, 2]) {
    const calls = Array.from({ length: 800 }, (_, index) => {
      return usageEvent(attacker, { principal: `request ${round}/${index}` }, atMs);
    });
    const good = goodEvents(victim, 50);
    all.push(...calls, ...good.events);
    const aggregator = await ledger.start();
    await ledger.send([...calls.map(recordOf), ...good.records]);
    await untilExactly(db, all);
    if (round === 2) assert.equal(await metricOf(aggregator, 'bursar_principals_folded_total'), 600);
    if (round === 1) await aggregator.kill('SIGTERM');
  }
  const { rows } = await db.query(`select count(distinct principal) filter (where principal <> 'other')::int as names,
    (select sum(requests)::int from usage_minute join dimension using (dimension_id) where principal = 'other') as others
    from dimension where principal <> ''`);
  assert.deepEqual(rows, [{ names: 1_000, others: 600 }]);
  await eventually('a finding names the key', async () => {
    const found = await db.query(`select 1 from finding where kind = 'too_many_principals'`);
    return found.rowCount === 1;
  });
});
