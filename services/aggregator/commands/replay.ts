import type { Watermarks } from '@bursar/bus/admin';
import { insertAudit } from '@bursar/db/inbox/audit-pending';
import { openIncidentSubjects } from '@bursar/db/inbox/incident';
import { rewindOffset, type Standing, standingOffsets } from '@bursar/db/ledger/move-offset';
import type { Connection } from '@bursar/db/pool';
import { DEDUP_WINDOW_MS } from '@bursar/events/topics';
import { z } from 'zod';
import { LOG_TROUBLES, partitionName } from '../log-trouble.ts';
import { type CommandKind, CommandRefused } from './consume-commands.ts';
import { replayStart } from './replay-start.ts';
import type { UsageLog } from './usage-log.ts';

const shape = z
  .strictObject({
    from: z.union([
      z.literal('earliest'),
      z.strictObject({ offset: z.string().regex(/^\d{1,18}$/) }),
      z.strictObject({ time: z.iso.datetime({ offset: true }) }),
    ]),
    partition: z.int().min(0).optional(),
  })
  .refine(({ from, partition }) => from === 'earliest' || 'time' in from || partition !== undefined);
type Asked = z.infer<typeof shape>;

/** What Kafka says, by partition, of where reading may begin. */
type Bounds = {
  wanted: ReadonlyMap<number, bigint>;
  marks: ReadonlyMap<number, Watermarks>;
  remembered: ReadonlyMap<number, bigint>;
};
type Replayed = { partition: number; from: bigint; stoodAt: bigint; because?: string };
type LeftAlone = { partition: number; leftBecause: string };

/**
 * Reads partitions again from an earlier offset. Ids make that harmless: what is known counts once, what was missing counts.
 * So it goes no further back than ids are remembered, and never forward.
 */
export function replay(log: UsageLog, nowMs: () => number): CommandKind {
  return {
    kind: 'replay',
    async carryOut(connection, { commandId, arguments: given, actor, reason }) {
      const asked = argumentsOf(given);
      const places = await placesOf(connection, log.topic, asked.partition);
      const bounds = await boundsOf(log, asked, nowMs());
      const halted = new Set(await openIncidentSubjects(connection, LOG_TROUBLES));
      const results: (Replayed | LeftAlone)[] = [];
      for (const place of places) results.push(await rewind(connection, log, place, bounds, halted));
      const replayed = results.filter((result) => 'from' in result);
      const lines = results.map(lineOf);
      if (replayed.length === 0) throw new CommandRefused(['nothing is read again', ...lines].join('\n'));
      const evidence = {
        commandId,
        topic: log.topic,
        clusterId: log.clusterId,
        asked,
        replayed: replayed.map(evidenceOf),
      };
      await insertAudit(connection, { action: 'ledger.replay', target: log.topic, reason, actor, evidence });
      const records = replayed.reduce((sum, { from, stoodAt }) => sum + stoodAt - from, 0n);
      return [`${records} records are read again; those that are known count once`, ...lines].join('\n');
    },
  };
}

function argumentsOf(given: unknown): Asked {
  const parsed = shape.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new CommandRefused(
    'arguments are {"from": "earliest" or {"time": "2026-11-20T08:00:00Z"}}, with {"partition": 3} for one alone, or {"from": {"offset": "17"}, "partition": 3}',
  );
}

async function placesOf(connection: Connection, topic: string, partition: number | undefined): Promise<Standing[]> {
  const places = await standingOffsets(connection, topic);
  const wanted = places.filter((place) => partition === undefined || place.partition === partition);
  if (wanted.length > 0) return wanted;
  throw new CommandRefused(
    partition === undefined ? `nothing of ${topic} was read yet` : `partition ${partition} of ${topic} was never read`,
  );
}

async function boundsOf(log: UsageLog, { from, partition }: Asked, nowMs: number): Promise<Bounds> {
  const marks = new Map((await log.watermarks()).map((mark) => [mark.partition, mark]));
  const remembered = await log.offsetsAt(nowMs - DEDUP_WINDOW_MS);
  return { wanted: await wantedOf(log, from, partition), marks, remembered };
}

async function wantedOf(log: UsageLog, from: Asked['from'], partition = 0): Promise<Bounds['wanted']> {
  if (from === 'earliest') return new Map();
  return 'offset' in from ? new Map([[partition, BigInt(from.offset)]]) : await log.offsetsAt(Date.parse(from.time));
}

async function rewind(
  connection: Connection,
  { topic, clusterId }: UsageLog,
  place: Standing,
  { wanted, marks, remembered }: Bounds,
  halted: ReadonlySet<string>,
): Promise<Replayed | LeftAlone> {
  const { partition } = place;
  const mark = marks.get(partition);
  if (halted.has(partitionName(topic, partition)))
    return { partition, leftBecause: 'it is halted by an open incident; resolve that first: bursar incidents list' };
  if (mark === undefined || place.clusterId !== clusterId)
    return { partition, leftBecause: 'the log that the ledger has read is not on this cluster' };
  const { to, because } = replayStart({
    wanted: wanted.get(partition),
    low: mark.low,
    remembered: remembered.get(partition) ?? mark.low,
  });
  const stoodAt = await rewindOffset(connection, { topic, partition, to });
  if (stoodAt === undefined)
    return { partition, leftBecause: `it stands at offset ${place.nextOffset}, which is not after ${to}` };
  return { partition, from: to, stoodAt, ...(because !== undefined && { because }) };
}

function lineOf(result: Replayed | LeftAlone): string {
  if ('leftBecause' in result) return `partition ${result.partition} is left alone: ${result.leftBecause}`;
  const { partition, from, stoodAt, because } = result;
  const bound = because === undefined ? '' : `; not from before ${from}: ${because}`;
  return `partition ${partition} is read again from offset ${from}, it stood at ${stoodAt}: ${stoodAt - from} records${bound}`;
}

function evidenceOf({ partition, from, stoodAt }: Replayed) {
  return { partition, from: String(from), stoodAt: String(stoodAt) };
}
