import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeEvent, type StandingEvent } from '@bursar/events/cloudevent';
import { SIGNATURE_HEADER, verifyStanding } from '@bursar/events/standing-signature';
import { releaseTurn, turn, World } from './test-world.ts';

const LIMIT = { name: 'search per month', key: 'search', usd: 2 };

test('a suspension and the return are told to the guards, signed, with rising generations', async () => {
  await using world = await World.create('standing', ['search']);
  await world.policy({ limits: [LIMIT] });
  const revoker = world.revoker();
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await turn(revoker);
  await revoker.standing.tickNow();
  await world.policy({ limits: [{ ...LIMIT, usd: 5 }] });
  await releaseTurn(revoker);
  await revoker.standing.tickNow();
  await revoker.standing.tickNow();

  const events = world.sent.map((record) => {
    const value = Buffer.from(record.value as string);
    assert.equal(verifyStanding(value, String(record.headers?.[SIGNATURE_HEADER]), world.signing.publicKey), true);
    const decoded = decodeEvent({ value, headers: record.headers ?? {} });
    assert.ok(decoded.ok, JSON.stringify(decoded));
    return (decoded.event as StandingEvent).data;
  });
  assert.deepEqual(
    events.map(({ state, cause, generation }) => ({ state, cause, generation })),
    [
      { state: 'suspended', cause: 'limit', generation: 1 },
      { state: 'active', cause: undefined, generation: 2 },
    ],
  );
  assert.ok(events[0]?.until);
  const [identity] = await world.rows(`select encode(sha256, 'hex') as sha256 from key_identity`);
  assert.deepEqual(new Set(world.sent.map((record) => record.key)), new Set([identity?.sha256]));
});

test('a Kafka that is away delays no suspension; the guards are told when it is back', async () => {
  await using world = await World.create('standing_away', ['search']);
  await world.policy({ limits: [LIMIT] });
  const revoker = world.revoker();
  world.kafkaIsAway = true;
  await world.spend({ limit: 'search per month', usd: 2.5 });
  await turn(revoker);
  await assert.rejects(revoker.standing.tickNow(), /no broker answers/);
  assert.equal(world.status('search'), 'inactive');
  world.kafkaIsAway = false;
  await revoker.standing.tickNow();
  assert.equal(world.sent.length, 1);
});
