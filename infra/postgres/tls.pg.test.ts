import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { migrate } from '@bursar/db/migrate';
import { openListener, openPool } from '@bursar/db/pool';
import { runHere } from '../../packages/cli/src/testing/run-cli.ts';
import { type OwnPostgres, startOwnPostgres } from '../local/postgres/own-postgres.ts';
import { startService } from '../local/service-process.ts';
import { createThrowawayAuthority } from '../local/throwaway-authority.ts';

let server: OwnPostgres;
let folder: string;
let wrongAuthority: string;
before(async () => {
  server = await startOwnPostgres();
  folder = await mkdtemp(join(tmpdir(), 'bursar-tls-'));
  wrongAuthority = join(folder, 'other.pem');
  await writeFile(wrongAuthority, (await createThrowawayAuthority()).certificate);
  await migrate(server.url);
});
after(async () => {
  await server?.[Symbol.asyncDispose]();
  if (folder) await rm(folder, { recursive: true });
});

/** The server's URL with other TLS options. */
function withTls(options: Record<string, string>, host = '127.0.0.1'): string {
  const changed = new URL(server.url);
  changed.hostname = host;
  changed.search = String(new URLSearchParams(options));
  return changed.href;
}

async function isEncrypted(url: string): Promise<boolean> {
  const pool = openPool(url, { name: 'bursar test' });
  try {
    return (await pool.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()')).rows[0].ssl;
  } finally {
    await pool.end();
  }
}

describe('a Postgres that takes TLS alone', () => {
  it('is used with verify-full and its authority, by pool and LISTEN, by address and by name', async () => {
    assert.equal(await isEncrypted(server.url), true);
    assert.equal(await isEncrypted(server.url.replace('127.0.0.1', 'localhost')), true);
    const heard = Promise.withResolvers<string>();
    const listener = await openListener(server.url, 'bursar test', ['bursar_breach'], heard.resolve, heard.reject);
    const pool = openPool(server.url, { name: 'bursar test' });
    await pool.query(`select pg_notify('bursar_breach', '')`);
    assert.equal(await heard.promise, 'bursar_breach');
    await Promise.all([listener.close(), pool.end()]);
  });

  it('is never trusted unseen: each mode that the driver knows checks the certificate, require too', async () => {
    for (const sslmode of ['prefer', 'require', 'verify-ca', 'verify-full', 'a spelling mistake']) {
      await assert.rejects(isEncrypted(withTls({ sslmode })), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }, sslmode);
    }
  });

  const refused: [
    what: string,
    options: () => Record<string, string>,
    cliCode: number,
    cli: RegExp,
    service: [number, RegExp],
  ][] = [
    [
      'another authority',
      () => ({ sslmode: 'verify-full', sslrootcert: wrongAuthority }),
      ...([
        1,
        /shows a certificate of an authority that is not trusted here\. Name the right one with sslrootcert/,
      ] as const),
      [1, /the server's certificate is from an authority that is not trusted here/],
    ],
    [
      'no TLS',
      () => ({ sslmode: 'disable' }),
      ...([1, /wants TLS\. Add sslmode=verify-full/] as const),
      [1, /no pg_hba\.conf entry for host .*no encryption/],
    ],
    [
      'an authority file that is not there',
      () => ({ sslmode: 'verify-full', sslrootcert: '/nowhere/ca.pem' }),
      ...([2, /DATABASE_URL: cannot read the file of sslrootcert: ENOENT.*\/nowhere\/ca\.pem/] as const),
      [2, /DATABASE_URL: cannot read the file of sslrootcert: ENOENT.*\/nowhere\/ca\.pem/],
    ],
  ];
  for (const [what, options, cliCode, cli, [serviceCode, said]] of refused) {
    it(`refuses ${what}, in one line that says what to do and no password`, async () => {
      const url = withTls(options());
      const run = await runHere(['status'], url);
      assert.equal(run.code, cliCode, run.stderr);
      assert.match(run.stderr, cli);
      await using service = await startService('services/aggregator/main.ts', {
        DATABASE_URL: url,
        KAFKA_BROKERS: '127.0.0.1:1',
        BURSAR_START_TIMEOUT: '1s',
      });
      assert.equal((await service.ended).code, serviceCode);
      assert.match(service.log(), said);
      for (const printed of [run.stderr, service.log()]) {
        assert.ok(!printed.includes(new URL(url).password));
        assert.doesNotMatch(printed, /\n\s+at |"stack"/);
      }
    });
  }
});
