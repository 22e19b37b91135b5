import { type LockedIncident, openIncidentSubjects, resolvePassedOver } from '@bursar/db/inbox/incident';
import { beginLog, type Standing, skipRecords, standingOffsets } from '@bursar/db/ledger/move-offset';
import type { Connection } from '@bursar/db/pool';
import { type LogTrouble, partitionOf } from '../log-trouble.ts';
import { CommandRefused, DecisionNeeded } from './consume-commands.ts';
import type { UsageLog } from './usage-log.ts';

/** In words for the person and as evidence for the record; no words where there was nothing to do. */
export type GoneOn = { done: string; evidence: Record<string, unknown> };

type Asked = { accept: boolean; actor: string; log: UsageLog };
type Way = (connection: Connection, incident: LockedIncident, at: Standing, asked: Asked) => Promise<GoneOn>;

const WAYS: Record<LogTrouble['kind'], Way> = {
  hole: skipLost,
  unreadable_batch: skipLost,
  log_rewritten: beginRewritten,
  other_cluster: beginOnThisCluster,
};
const OTHER_LOG: readonly LogTrouble['kind'][] = ['log_rewritten', 'other_cluster'];

/** Moves the partition that an incident halts, so that it is read on; does nothing for incidents that halt none. */
export async function goOn(connection: Connection, incident: LockedIncident, asked: Asked): Promise<GoneOn> {
  if (!Object.hasOwn(WAYS, incident.kind)) return { done: '', evidence: {} };
  const { topic, clusterId } = asked.log;
  const partition = partitionOf(topic, incident.subject);
  const at = (await standingOffsets(connection, topic)).find((place) => place.partition === partition);
  if (at === undefined)
    throw new CommandRefused(
      `it is about ${incident.subject}, which this aggregator never read; its usage topic is ${topic}`,
    );
  const { done, evidence } = await WAYS[incident.kind as LogTrouble['kind']](connection, incident, at, asked);
  const stoodAt = { nextOffset: String(at.nextOffset), clusterId: at.clusterId };
  return { done, evidence: { topic, partition, stoodAt, clusterId, ...evidence } };
}

/** Goes on after records that Kafka has lost, or that nobody can read, where the person accepts that. */
async function skipLost(
  connection: Connection,
  incident: LockedIncident,
  { partition, nextOffset }: Standing,
  { accept, actor, log: { topic } }: Asked,
): Promise<GoneOn> {
  const { from, to } = rangeOf(incident);
  const records = count(to - from + 1n);
  if (nextOffset !== from) {
    const moved = `partition ${partition} was moved meanwhile: it stands at offset ${nextOffset}, not at ${from}`;
    if (accept) throw new CommandRefused(`${moved}, so nothing was skipped; without --accept-loss it is read on there`);
    return { done: `${moved}; it is read on there, and what is missing there is an incident of its own`, evidence: {} };
  }
  if ((await openIncidentSubjects(connection, OTHER_LOG)).includes(incident.subject))
    throw new CommandRefused('the log is another one as well: resolve that incident first; see: bursar incidents list');
  if (!accept)
    throw new DecisionNeeded(
      `${records} (offsets ${from} to ${to}) will never be counted if partition ${partition} goes on. If they can't be had back, add --accept-loss`,
    );
  if (!(await skipRecords(connection, { topic, partition, from, to })))
    throw new CommandRefused(`partition ${partition} was moved meanwhile; ask again`);
  const resolution = `passed over with incident ${incident.incidentId}`;
  await resolvePassedOver(connection, incident.subject, { from, to }, { actor, resolution });
  const done = `${records} (offsets ${from} to ${to}) will never be counted; partition ${partition} goes on at offset ${to + 1n}`;
  return { done, evidence: { skipped: { from: String(from), to: String(to) }, goesOnAt: String(to + 1n) } };
}

async function beginRewritten(
  connection: Connection,
  incident: LockedIncident,
  at: Standing,
  asked: Asked,
): Promise<GoneOn> {
  // Nobody passes this offset but a batch that follows the record which the ledger knows: the log is what it was.
  if (at.nextOffset > expectedOf(incident))
    return {
      done: `nothing was moved: partition ${at.partition} was read on since, up to offset ${at.nextOffset}`,
      evidence: {},
    };
  return await beginAnew(connection, at, asked);
}

async function beginOnThisCluster(
  connection: Connection,
  _incident: LockedIncident,
  at: Standing,
  asked: Asked,
): Promise<GoneOn> {
  if (at.clusterId !== asked.log.clusterId) return await beginAnew(connection, at, asked);
  const done = `nothing was moved: this aggregator reads the cluster that the ledger knows, partition ${at.partition} goes on at offset ${at.nextOffset}`;
  return { done, evidence: {} };
}

/** Reads all that the present log holds; ids that are known count once. */
async function beginAnew(
  connection: Connection,
  { partition, nextOffset }: Standing,
  { log: { topic, clusterId, watermarks } }: Asked,
): Promise<GoneOn> {
  const marks = (await watermarks()).find((mark) => mark.partition === partition);
  if (marks === undefined) throw new CommandRefused(`the topic ${topic} has no partition ${partition} any more`);
  const { low, high } = marks;
  await beginLog(connection, { topic, partition, clusterId, first: low });
  const done =
    `partition ${partition} is read from the beginning of the present log, offset ${low}: ${count(high - low)}, of which those that are known count once. ` +
    `What the old log held from offset ${nextOffset} on was never read; if that log is gone, those records are lost`;
  return { done, evidence: { goesOnAt: String(low), logEnd: String(high) } };
}

function rangeOf({ incidentId, detail }: LockedIncident): { from: bigint; to: bigint } {
  const { from, to } = detail;
  if (typeof from === 'string' && typeof to === 'string') return { from: BigInt(from), to: BigInt(to) };
  throw new CommandRefused(`incident ${incidentId} names no range of offsets`);
}

function expectedOf({ incidentId, detail: { expected } }: LockedIncident): bigint {
  if (typeof expected === 'string') return BigInt(expected);
  throw new CommandRefused(`incident ${incidentId} names no offset`);
}

function count(records: bigint): string {
  return `${records} ${records === 1n ? 'record' : 'records'}`;
}
