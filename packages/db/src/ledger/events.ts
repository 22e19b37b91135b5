import type { Connection } from '../pool.ts';
import { type EventRow, eventRows } from './rows.ts';

/** Inserts the rows that are new and returns the ids of those that are not. */
export async function insertEvents(connection: Connection, events: readonly EventRow[]): Promise<Set<string>> {
  if (events.length === 0) return new Set();
  const { rows } = await connection.query<{ event_id: string }>({
    name: 'insert-events',
    text: `with given as materialized (select * from ${eventRows.from()}),
                made as (
                  insert into usage_event (${eventRows.columns}) select ${eventRows.columns} from given
                  on conflict (event_id) do nothing returning event_id
                )
           select event_id from given where event_id not in (select event_id from made)`,
    values: eventRows.parameters(events),
  });
  return new Set(rows.map((row) => row.event_id));
}
