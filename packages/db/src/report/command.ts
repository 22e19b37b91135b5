import type { Queryable } from '../pool.ts';

export type CommandRequest =
  | { kind: 'pause'; forMs?: number; reason: string }
  /** `wholeBacklog`: what was approved during the pause is carried out, all of it instead of one. */
  | { kind: 'unpause'; wholeBacklog: boolean; reason: string };

/** Asks the revoker for something and wakes it. The actor is the database login, taken by the database. Returns the id. */
export async function submitCommand(db: Queryable, command: CommandRequest): Promise<string> {
  const forMs = command.kind === 'pause' ? (command.forMs ?? null) : null;
  const backlog = command.kind === 'unpause' && command.wholeBacklog ? 'all' : null;
  const { rows } = await db.query<{ command_id: string }>(
    `insert into command (kind, reason, arguments)
     values ($1, $2, jsonb_strip_nulls(jsonb_build_object('backlog', $4::text,
       'until', to_char((clock_timestamp() + $3 * interval '1 millisecond') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))))
     returning command_id`,
    [command.kind, command.reason, forMs, backlog],
  );
  await db.query(`select pg_notify('bursar_command', '')`);
  return rows[0]!.command_id;
}

/** Which quarantined records are meant: these, or those held for a reason up to the one that the person saw. */
export type QuarantineRequest = {
  kind: 'quarantine_retry' | 'quarantine_discard';
  arguments: { ids: readonly string[] } | { heldFor: string; upTo: string };
  reason: string;
};

/** `accept`: that records will never be counted, where going on means that. */
export type ResolveRequest = {
  kind: 'incident_resolve';
  arguments: { incidentId: string; accept: boolean };
  reason: string;
};

/** From where partitions are read again; an offset means something on one partition only. `time` is in ISO form. */
export type ReplayRequest = {
  kind: 'replay';
  arguments: { from: 'earliest' | { offset: string } | { time: string }; partition?: number };
  reason: string;
};

export type AggregatorRequest = QuarantineRequest | ResolveRequest | ReplayRequest;

/** Asks the aggregator for something and wakes it. The actor is the database login. Returns the id. */
export async function submitAggregatorRequest(db: Queryable, request: AggregatorRequest): Promise<string> {
  const { rows } = await db.query<{ command_id: string }>(
    'insert into command (kind, reason, arguments) values ($1, $2, $3) returning command_id',
    [request.kind, request.reason, request.arguments],
  );
  await db.query(`select pg_notify('bursar_command', '')`);
  return rows[0]!.command_id;
}

/** What became of a command; undefined while nobody took it. */
export async function commandOutcome(db: Queryable, commandId: string): Promise<string | undefined> {
  const { rows } = await db.query<{ outcome: string | null }>(
    'select outcome from command where command_id = $1 and done_at is not null',
    [commandId],
  );
  return rows[0] && (rows[0].outcome ?? 'done');
}
