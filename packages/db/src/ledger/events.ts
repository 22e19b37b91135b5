import { copySet } from '../copy/copy-rows.ts';
import type { Connection } from '../pool.ts';
import { EVENT_COLUMNS, type EventRow, eventRows } from './rows.ts';

const UNIQUE_VIOLATION = '23505';

/** A row that was to be new is in the table already; its transaction can only be rolled back. */
export class DuplicateEvent extends Error {
  override name = 'DuplicateEvent';
}

const copied = copySet<EventRow>('usage_event', EVENT_COLUMNS);

/** Adds rows that are all new, by COPY: the fastest way in. Throws DuplicateEvent when one is not. */
export async function copyEvents(connection: Connection, events: readonly EventRow[]): Promise<void> {
  if (events.length === 0) return;
  try {
    await copied.copy(connection, events);
  } catch (error) {
    const { code, table } = error as { code?: unknown; table?: unknown };
    if (code === UNIQUE_VIOLATION && typeof table === 'string' && table.startsWith('usage_event'))
      throw new DuplicateEvent('an event of this batch is stored already');
    throw error;
  }
}

/** Adds the rows that are new and returns the ids of those that are not. */
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
