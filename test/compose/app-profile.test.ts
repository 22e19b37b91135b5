/**
 * The containers, for real: `node --test test/compose/app-profile.test.ts`, with a Docker engine. Takes two minutes and
 * builds images, so that `pnpm test` leaves it out.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { compose, containers, docker, EMULATOR_URL, leftovers, PROJECT, serviceConfigs } from './project.ts';

after(() => compose('down', '--volumes', '--timeout', '1'));

test('each service is pinned, on loopback, without privileges, and has a health check or ends by itself', async () => {
  for (const [name, service] of Object.entries(await serviceConfigs())) {
    assert.match(service.image, /:\d+(\.\d+)*$/, `${name} has a pinned image`);
    for (const port of service.ports ?? []) assert.equal(port.host_ip, '127.0.0.1', `${name} is published on loopback`);
    assert.deepEqual(service.cap_drop, ['ALL'], `${name} drops all capabilities`);
    assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name);
    // Kafka's image writes its configuration when it starts.
    assert.equal(service.read_only ?? false, name !== 'kafka', `${name} cannot write to its image`);
    assert.equal(service.healthcheck !== undefined, name !== 'migrate', `${name} tells its health`);
  }
});

test('one command brings everything up: all healthy, and the migration has ended well', async () => {
  await compose('up', '--build', '--detach', '--wait', '--wait-timeout', '900', '--quiet-pull');
  const states = (await containers()).map(({ Service, State, Health, ExitCode }) =>
    Service === 'migrate' ? `${Service} ${State} ${ExitCode}` : `${Service} ${State} ${Health}`,
  );
  const healthy = ['aggregator', 'demo', 'emulator', 'kafka', 'postgres', 'revoker', 'scheduler'];
  assert.deepEqual(states.sort(), [...healthy.map((name) => `${name} running healthy`), 'migrate exited 0'].sort());
});

test("the demo's traffic ends in keys that the Admin API reports as inactive", async () => {
  const apiKey = await compose('exec', '-T', 'emulator', 'cat', '/run/anthropic/admin-key');
  const statuses: Record<string, string> = {};
  const client = new Anthropic({ apiKey, baseURL: EMULATOR_URL });
  for await (const { name, status } of client.organization.apiKeys.list()) statuses[name] = status;
  assert.equal(statuses['staging-batch-importer'], 'inactive');
  assert.equal(statuses['break-glass'], 'active');
});

test('no process runs as root, nor can it become root', async () => {
  for (const { Service, State, ID } of await containers()) {
    if (State !== 'running') continue;
    const status = await docker('exec', ID, 'cat', '/proc/1/status');
    assert.doesNotMatch(status, /^[UG]id:.*\t0(\t|$)/m, `${Service} runs as root`);
    assert.match(status, /^CapEff:\t0+$/m, `${Service} has capabilities`);
    assert.match(status, /^NoNewPrivs:\t1$/m, `${Service} could gain privileges`);
  }
});

test('SIGTERM ends every program of ours in its own way, before Docker loses patience', async () => {
  await compose('stop');
  // 143 is how a Java machine ends after SIGTERM.
  const badly = (await containers()).filter(({ Service, ExitCode }) => ExitCode !== (Service === 'kafka' ? 143 : 0));
  assert.deepEqual(badly, []);
});

test('down --volumes leaves nothing', async () => {
  const volumesOf = async () => (await docker('volume', 'ls', '--quiet')).split('\n');
  assert.notDeepEqual(await leftovers(), [], `nothing is called ${PROJECT}, so nothing would be missed`);
  const mounted = await Promise.all((await containers()).map(({ ID }) => volumesUsedBy(ID)));
  await compose('down', '--volumes');
  assert.deepEqual(await leftovers(), []);
  const remaining = new Set(await volumesOf());
  assert.deepEqual(
    mounted.flat().filter((volume) => remaining.has(volume)),
    [],
  );
});

async function volumesUsedBy(container: string): Promise<string[]> {
  const format = '{{range .Mounts}}{{if eq .Type "volume"}}{{.Name}} {{end}}{{end}}';
  return (await docker('inspect', '--format', format, container)).split(' ').filter((name) => name !== '');
}
