import { eventually } from '../../test/harness/eventually.ts';
import { startService } from '../../test/harness/process.ts';
import { World } from './test-world.ts';

const names = Array.from({ length: 60 }, (_, i) => `k${i}`);
await using world = await World.create('latency', names);
await world.policy({
  caps: { per10Minutes: 1000, perHour: 1000, perDay: { count: 1000 } },
  limits: names.map((key) => ({ name: `${key} m`, key, usd: 2 })),
});
await using s = await startService('services/revoker/main.ts', {
  DATABASE_URL: world.databaseUrl,
  KAFKA_BROKERS: '127.0.0.1:9',
  ANTHROPIC_ADMIN_KEY: world.emulator.adminKey,
  ANTHROPIC_BASE_URL: world.emulator.url,
  BURSAR_ADMIN_API: 'emulator',
});
await eventually('up', () => s.log().includes('is up'), 60000);
await new Promise((r) => setTimeout(r, 1500));
const toReq: number[] = [],
  toDone: number[] = [];
for (const key of names) {
  await world.spend({ limit: `${key} m`, usd: 3 });
  const committed = Date.now();
  const call = await eventually('call', () => world.updates(key)[0], 20000);
  toReq.push(Date.parse(call.at) - committed);
  const [row] = await eventually(
    'verified',
    async () => {
      const r = await world.rows(
        `select verified_at from act where api_key_id = $1 and verified_at is not null`,
        world.id(key),
      );
      return r.length ? r : undefined;
    },
    20000,
  );
  toDone.push((row!.verified_at as Date).getTime() - committed);
  await new Promise((r) => setTimeout(r, 37));
}
const p = (a: number[], q: number) => a.toSorted((x, y) => x - y)[Math.min(a.length - 1, Math.floor(q * a.length))];
for (const [n, a] of [
  ['breach commit -> request', toReq],
  ['-> read back recorded', toDone],
] as const)
  console.log(
    n,
    'p50',
    p(a, 0.5),
    'p90',
    p(a, 0.9),
    'p99',
    p(a, 0.99),
    'max',
    Math.max(...a),
    'ms; first five',
    a.slice(0, 5),
  );
