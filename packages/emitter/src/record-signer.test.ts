import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordOut } from '@bursar/bus/producer';
import { checkSignature } from '@bursar/events/record-signature';
import { sampleEvent, sampleNotice } from '../test/sample-events.ts';
import { createDelivery } from './delivery.ts';
import { MeterOptionsError } from './emitter-identity.ts';
import { createMeter } from './meter.ts';
import { createRecordSigner } from './record-signer.ts';

const [first, second] = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')];
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bursar-signer-'));
});
after(() => rm(folder, { recursive: true }));

async function fileWith(content: string): Promise<string> {
  const file = join(folder, randomBytes(4).toString('hex'));
  await writeFile(file, content);
  return file;
}

it('signs every record that it sends, usage and notices alike, with the first secret of its file', async () => {
  const sent: RecordOut[] = [];
  const send = async (_: string, records: readonly RecordOut[]) => void sent.push(...records);
  const sign = createRecordSigner(await fileWith(`${first}\n${second}\n`), () => {});
  const delivery = createDelivery({ send }, 'usage', () => {}, sign);
  delivery.push(sampleEvent(1));
  delivery.announce(sampleNotice(1));
  await delivery.drain(5_000);
  const checks = sent.map(({ value, headers = {} }) =>
    checkSignature({ value: Buffer.from(String(value)), headers }, [first]),
  );
  assert.deepEqual(checks, ['valid', 'valid']);
});

it('takes up a new secret, keeps the last good one while the file is broken, and says so once', async () => {
  const file = await fileWith(first);
  const problems: string[] = [];
  const sign = createRecordSigner(file, (_, message) => problems.push(message), 0);
  const signedBy = async (secret: string) => {
    sign('');
    await sleep(10);
    const record = {
      value: Buffer.from('x'),
      headers: { 'content-type': 'application/cloudevents+json', ...sign('x') },
    };
    return checkSignature(record, [secret]) === 'valid';
  };
  await rename(await fileWith(second), file);
  while (!(await signedBy(second)));
  await rm(file);
  while (problems.length === 0) assert.ok(await signedBy(second));
  assert.ok(await signedBy(second));
  assert.equal(problems.length, 1);
  assert.ok(!problems[0]!.includes(second));
});

it('refuses a file that it cannot use when the service starts', async () => {
  const options = { service: 'search', role: 'USER', kafka: { brokers: ['127.0.0.1:1'] } };
  for (const signingSecretFile of [join(folder, 'nowhere'), await fileWith('short'), await fileWith('')]) {
    assert.throws(() => createMeter({ ...options, signingSecretFile }), MeterOptionsError);
  }
});
