import type { UsageEvent } from '@bursar/events/cloudevent';
import type { Delivery } from './delivery.ts';
import type { MeterStats } from './meter-api.ts';
import type { ProblemReport } from './problem-report.ts';
import type { EventPosition } from './usage-event.ts';

export type MeterLedger = {
  /** Numbers an event and hands it to delivery; what finds no place is counted as dropped. */
  record(make: (position: EventPosition) => UsageEvent): void;
  fieldCleaned(field: string): void;
  position(): EventPosition;
  stats(openCount: number): MeterStats;
  /** From now on events are dropped, reason `closed`. */
  close(): void;
};

/** Counts everything, so that recorded = sent + pending + dropped holds at any moment. */
export function createMeterLedger(delivery: Delivery, report: ProblemReport): MeterLedger {
  let seq = 0;
  let isClosed = false;
  let cleanedFields = 0;
  /** Replaced, never changed: events keep the one of their time. */
  let dropped: Readonly<Record<string, number>> = {};

  function drop(reason: string): void {
    dropped = { ...dropped, [reason]: (dropped[reason] ?? 0) + 1 };
  }

  return {
    record(make) {
      seq++;
      let event: UsageEvent;
      try {
        event = make({ seq, dropped });
      } catch (error) {
        drop('defect');
        throw error;
      }
      if (isClosed) return drop('closed');
      if (delivery.push(event)) return;
      drop('queue_full');
      report(
        'queue_full',
        `${delivery.pendingCount()} usage events wait for Kafka; newer ones are dropped and counted.`,
      );
    },
    fieldCleaned(field) {
      cleanedFields++;
      report('field_cleaned', `A value of "${field}" does not fit a usage event; it was cut or left out.`);
    },
    position: () => ({ seq, dropped }),
    stats: (open) => ({
      recorded: seq,
      sent: delivery.sentCount(),
      pending: delivery.pendingCount(),
      open,
      dropped,
      cleanedFields,
    }),
    close() {
      isClosed = true;
    },
  };
}
