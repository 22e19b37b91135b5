import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { freshDatabase } from '../../test/harness/database.ts';
import { testPool } from '../../test/harness/ledger.ts';
import { trafficKey, usageEvent } from '../../test/harness/traffic.ts';
import { believableSeqs, unbelievable } from './believable-seq.ts';
import type { PricedRecord } from './price-records.ts';
import type { Readings } from './read-records.ts';

const key = trafficKey();

function claiming(boot: string, seq: number): PricedRecord {
  const event = usageEvent(key, { emitter: { id: 'search/1', boot, seq, dropped: {} } });
  return { event, occurredAtMs: Date.parse(event.time), offset: 0n } as PricedRecord;
}

test('a boot may claim as many numbers as it can have given since it was last heard, and each more is a finding', async () => {
  await using database = await freshDatabase('believable');
  await using db = testPool(database.url);
  const [heard, unheard] = [randomUUID(), randomUUID()];
  await db.query(
    `insert into emitter_seq (emitter_id, boot, partition, service, highest_seq, last_seen_at)
     values ('search/1', $1, 0, 'search', 5000000, now() - interval '100 seconds'), ('search/1', $1, 1, 'search', 4, now() - interval '1 day')`,
    [heard],
  );
  const claims = [
    claiming(heard, 15_000_000),
    claiming(heard, 2 ** 53 - 1),
    claiming(unheard, 900_000_000),
    claiming(unheard, 1_100_000_000),
    claiming(randomUUID(), 3),
  ];
  const readings: Readings = { usage: claims, repeats: [], emitters: [], quarantined: [], refused: [] };
  const mostSeqOf = await believableSeqs(db, readings);
  const believed = claims.map(({ event: { data } }) => data.emitter.seq <= mostSeqOf('search/1', data.emitter.boot));
  assert.deepEqual(believed, [true, false, true, false, true]);
  const findings = unbelievable(claims, mostSeqOf);
  assert.deepEqual(
    findings.map(({ kind, subject }) => [kind, subject]),
    [heard, unheard].map((boot) => ['implausible_seq', `search/1/${boot}`]),
  );
});
