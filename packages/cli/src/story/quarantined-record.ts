import type { QuarantinedRecord } from '@bursar/db/report/quarantine';
import { quarantineAdvice } from '@bursar/events/quarantine-reason';
import { type Line, toned } from '../output/terminal.ts';
import { relativeText, utcText } from '../output/time-text.ts';

const STORED: Record<NonNullable<QuarantinedRecord['altered']> | 'whole', string> = {
  whole: 'kept as it came',
  cut: 'only its beginning was kept, so it cannot be sent again',
  scrubbed: 'a secret was taken out, so it cannot be sent again',
  not_text: 'it is not text, so it cannot be sent again',
};

/** All that is known about a record that could not be counted, and what to do about it. */
export function quarantinedLines(record: QuarantinedRecord, now: Date): Line[] {
  const { means, todo } = quarantineAdvice(record.reason);
  const headers = Object.entries(record.headers).flatMap(([name, value]) =>
    [value].flat().map((text) => field('header', `${name}: ${text}`)),
  );
  return [
    [
      toned('strong', `Record ${record.quarantineId}`),
      `, ${record.state}, came ${utcText(record.quarantinedAt)} (${relativeText(record.quarantinedAt, now)})`,
    ],
    field('reason', `${record.reason}. ${means}`),
    field('detail', record.detail),
    ...(record.state === 'held' ? [field('to do', todo)] : [field('decided', decision(record))]),
    field('place', `${record.topic}, partition ${record.partition}, offset ${record.kafkaOffset}`),
    ...(record.eventId === null ? [] : [field('event', record.eventId)]),
    field('key', record.recordKey ?? '(none)'),
    ...headers,
    field('size', `${record.recordBytes} bytes; ${STORED[record.altered ?? 'whole']}`),
    '',
    ...bodyLines(record.record),
  ];
}

function field(name: string, text: string): Line {
  return [toned('quiet', `  ${name.padEnd(8)}`), text];
}

function decision({ state, decidedBy, decidedAt, decidedBecause }: QuarantinedRecord): string {
  const verb = state === 'retried' ? 'sent again' : 'discarded';
  return `${verb} by ${decidedBy}${decidedAt ? ` at ${utcText(decidedAt)}` : ''}: ${decidedBecause}`;
}

/** JSON on lines of its own where it parses, else the text as it is. */
function bodyLines(record: string): string[] {
  try {
    return JSON.stringify(JSON.parse(record), null, 2).split('\n');
  } catch {
    return record === '' ? ['(nothing)'] : [record];
  }
}
