import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { signatureHeader } from '@bursar/events/record-signature';
import { recordOf, trafficKey, usageEvent } from '../../../test/harness/traffic.ts';
import { judgeSpeaker, type SpeakerRules } from './judge-speaker.ts';
import { NO_OWNERS, ownersOf } from './key-owners.ts';

const secret = randomBytes(32).toString('hex');
const [own, foreign] = [trafficKey(), trafficKey()];

function rulesWith(change: Partial<SpeakerRules> = {}): SpeakerRules {
  return {
    mustSign: (service) => service === 'alpha',
    signing: new Set(['alpha']),
    secrets: new Map([['alpha', [secret]]]),
    owners: NO_OWNERS,
    onChecked: () => {},
    ...change,
  };
}

function reason(
  service: string,
  change: Partial<SpeakerRules> = {},
  { key = own, id = `${service}/1`, by = secret } = {},
) {
  const event = usageEvent(key, { service, emitter: { id, boot: crypto.randomUUID(), seq: 1, dropped: {} } });
  const { value, headers } = recordOf(event);
  const signed = by === '' ? headers : { ...headers, ...signatureHeader(value, by) };
  const record = { offset: 0n, key: null, value: Buffer.from(value), headers: signed };
  return judgeSpeaker(rulesWith(change), record, event)?.reason;
}

test('who must sign counts when signed by one of its secrets, and only then', () => {
  assert.equal(reason('alpha'), undefined);
  assert.equal(reason('alpha', {}, { by: '' }), 'unsigned');
  assert.equal(reason('alpha', {}, { by: randomBytes(32).toString('hex') }), 'wrong_signature');
  assert.equal(reason('alpha', { secrets: new Map() }), 'no_secret');
});

test('who need not sign counts however it signs, and is told of where a secret of it is here', () => {
  const checks: string[] = [];
  const change = {
    secrets: new Map([['beta', [secret]]]),
    onChecked: (service: string, check: string) => checks.push(`${service} ${check}`),
  };
  for (const by of [secret, '', 'x'.repeat(32)]) assert.equal(reason('beta', change, { by }), undefined);
  assert.deepEqual(checks, ['beta valid', 'beta missing', 'beta wrong']);
  assert.equal(reason('gamma', change, { by: '' }), undefined);
});

test('nobody speaks as an emitter of a service that signs; other names are free', () => {
  assert.equal(reason('beta', {}, { id: 'alpha/1', by: '' }), 'foreign_emitter');
  assert.equal(reason('beta', {}, { id: 'gamma/1', by: '' }), undefined);
  assert.equal(reason('alpha', {}, { id: 'pod-7' }), undefined);
});

test('a key is foreign by its binding, else by its hint, as soon as one of the two services signs', () => {
  const bound = ownersOf([{ hint: foreign.hint, service: 'beta', boundSha256: foreign.sha256 }]);
  assert.equal(reason('alpha', { owners: bound }, { key: foreign }), 'foreign_key');
  assert.equal(reason('alpha', { owners: bound }, { key: { ...own, hint: foreign.hint } }), 'foreign_key');
  assert.equal(reason('alpha', { owners: bound }, { key: { ...foreign, hint: own.hint } }), 'foreign_key');
  assert.equal(reason('beta', { owners: bound }, { key: foreign, by: '' }), undefined);
  assert.equal(
    reason('gamma', { owners: bound }, { key: foreign, by: '' }),
    undefined,
    'between two unsigned services',
  );
  const ofAlpha = ownersOf([{ hint: foreign.hint, service: 'alpha', boundSha256: null }]);
  assert.equal(reason('gamma', { owners: ofAlpha }, { key: foreign, by: '' }), 'foreign_key');
});

test('who claims a hash first does not silence its owner', () => {
  const stolen = ownersOf([
    { hint: own.hint, service: 'beta', boundSha256: foreign.sha256 },
    { hint: foreign.hint, service: 'alpha', boundSha256: null },
  ]);
  assert.equal(reason('alpha', { owners: stolen }, { key: foreign }), undefined);
  const known = ownersOf([{ hint: foreign.hint, service: 'alpha', boundSha256: foreign.sha256 }]);
  assert.equal(reason('beta', { owners: known }, { key: foreign, by: '' }), 'foreign_key');
});
