import { sweep } from '../../services/scheduler/jobs/sweep.ts';
import { InvariantError, windowName } from './oracle.ts';
import type { World } from './world.ts';

const SCALE = 1_000_000_000_000n;

/** The ledger against the oracle: I1, I2 and I6, and exactly the breaches that had to be recorded. */
export async function checkLedger(world: World): Promise<void> {
  await checkCells(world, 'usage_minute', 60_000);
  await checkCells(world, 'usage_quarter_hour', 900_000);
  await checkRows(world);
  await checkWindows(world);
  await checkBreaches(world);
  await checkPartitions(world);
  if (world.oracle.version === null) return;
  const { missed, drifts } = await sweep(world.pool);
  same(
    'I2: what an independent sweep finds',
    JSON.stringify({ missed, drifts }),
    JSON.stringify({ missed: [], drifts: [] }),
  );
}

async function lines(world: World, sql: string, values: unknown[] = []): Promise<string[]> {
  const { rows } = await world.pool.query(sql, values);
  return rows.map((row) => String(row.line)).sort();
}

export function same(invariant: string, is: unknown, mustBe: unknown): void {
  const [left, right] = [is, mustBe].map((value) => (Array.isArray(value) ? value : [String(value)]));
  const surplus = left!.filter((line) => !right!.includes(line));
  const missing = right!.filter((line) => !left!.includes(line));
  if (surplus.length + missing.length === 0 && left!.length === right!.length) return;
  throw new InvariantError(
    `${invariant}\n  there, must not be: ${surplus.join('; ')}\n  must be, is not: ${missing.join('; ')}`,
  );
}

async function checkCells(world: World, cube: string, widthMs: number): Promise<void> {
  const cells = new Map<string, { requests: bigint; tokens: bigint; firm: bigint; provisional: bigint }>();
  for (const fact of world.oracle.counted.values()) {
    const name = `${Math.floor(fact.atMs / widthMs) * widthMs}/${fact.sha256}/${fact.role}/${fact.service}`;
    const cell = cells.get(name) ?? { requests: 0n, tokens: 0n, firm: 0n, provisional: 0n };
    cell.requests += fact.requests;
    cell.tokens += fact.tokens;
    cell[fact.provisional ? 'provisional' : 'firm'] += fact.costPico;
    cells.set(name, cell);
  }
  const mustBe = [...cells].map(
    ([name, { requests, tokens, firm, provisional }]) => `${name} ${requests} ${tokens} ${firm} ${provisional}`,
  );
  const is = await lines(
    world,
    `select (extract(epoch from bucket) * 1000)::bigint || '/' || encode(sha256, 'hex') || '/' || role || '/' || service || ' ' ||
            sum(requests) || ' ' || sum(input_tokens + output_tokens) || ' ' ||
            trunc(sum(cost_firm_usd) * 1e12) || ' ' || trunc(sum(cost_provisional_usd) * 1e12) as line
       from ${cube} join dimension using (dimension_id) join key_identity using (key_ref)
      group by bucket, sha256, role, service`,
  );
  same(`I1: the cells of ${cube}`, is, mustBe);
}

async function checkRows(world: World): Promise<void> {
  const { oracle } = world;
  same('I6: the rows', await lines(world, 'select event_id as line from usage_event'), [...oracle.counted.keys()]);
  const quarantined = await lines(world, `select partition || '/' || kafka_offset as line from quarantine`);
  same('I6: the quarantine', quarantined, oracle.unreadable);
  const [seen] = await lines(
    world,
    `select coalesce(sum(seen), 0) || ' ' || coalesce(sum(duplicates), 0) as line from emitter_seq`,
  );
  same('I6: what emitters were seen to send', seen, `${oracle.counted.size} ${oracle.duplicates}`);
}

async function checkWindows(world: World): Promise<void> {
  const { oracle } = world;
  const { rows } = await world.pool.query(
    `select definition, coalesce(encode(sha256, 'hex'), '') as subject, (extract(epoch from window_start) * 1000)::bigint as start_ms,
            trunc(total * 1e12)::text as total, trunc(provisional * 1e12)::text as provisional
       from limit_window join measure using (measure_id) left join key_identity on key_ref::text = subject`,
  );
  const kept = rows.filter((row) => {
    const tracked = oracle.tracked.get(row.definition);
    return tracked !== undefined && Number(row.start_ms) >= tracked.countedFromMs;
  });
  const is = kept.map((row) => {
    const name = windowName({ measure: row.definition, subject: row.subject, startMs: Number(row.start_ms) });
    return `${name} ${row.total} ${row.provisional}`;
  });
  const mustBe = [...oracle.windows.values()].map((window) => {
    const scale = oracle.tracked.get(window.measure)!.measure.metric === 'cost' ? 1n : SCALE;
    return `${windowName(window)} ${window.total * scale} ${window.provisional * scale}`;
  });
  same('I2: the windows in force', is, mustBe);
}

async function checkBreaches(world: World): Promise<void> {
  const is = await lines(
    world,
    `select rule || '/' || generation || '/' || coalesce(encode(sha256, 'hex'), '') || '/' ||
            (extract(epoch from window_start) * 1000)::bigint || '/' || percent || '/' || kind as line
       from breach left join key_identity on key_ref::text = subject`,
  );
  same('I3: the breaches', is, [...world.oracle.breaches]);
}

/** Each partition is read to its end, or halted with an incident that names what nobody has counted. */
async function checkPartitions(world: World): Promise<void> {
  const { topic, oracle } = world;
  const is = await lines(
    world,
    `select kind || ' ' || subject || ' ' || case kind when 'hole' then (detail ->> 'from') || '-' || (detail ->> 'to') else '' end as line
       from incident where resolved_at is null and kind <> 'window_drift'`,
  );
  const mustBe = topic.partitions.flatMap((log, partition) => {
    const next = oracle.next.get(partition) ?? log.low;
    if (log.rewritten) return [`log_rewritten ${topic.name}/${partition} `];
    if (next < log.low) return [`hole ${topic.name}/${partition} ${next}-${log.low - 1n}`];
    if (next < log.high)
      throw new InvariantError(
        `I6: partition ${partition} was read to ${next} of ${log.high}, and no incident says why`,
      );
    return [];
  });
  same('I6: the incidents', is, mustBe);
}
