import type { IncidentRecord } from '@bursar/db/report/incidents';
import { type Line, toned } from '../output/terminal.ts';
import { relativeText, utcText } from '../output/time-text.ts';
import { incidentAdvice } from './incident-advice.ts';

/** All that is known about an incident: what it is, since when, what it means, what `resolve` would do, what to type. */
export function incidentLines(incident: IncidentRecord, now: Date): Line[] {
  const { means, before, resolving } = incidentAdvice(incident.kind);
  const state = incident.resolvedAt === null ? 'open' : 'resolved';
  const todo = [
    field('before', before),
    field('resolve', `${resolving}.`),
    '',
    [toned('quiet', '  next    '), toned('strong', resolveCommand(incident))],
  ];
  return [
    [
      toned('strong', `Incident ${incident.incidentId}`),
      `, ${incident.kind}, ${state}, since ${utcText(incident.openedAt)} (${relativeText(incident.openedAt, now)})`,
    ],
    field('about', incident.subject),
    field('what', incident.sentence),
    ...rangeLines(incident.detail),
    ...detailLines(incident.detail),
    field('means', means),
    ...(incident.resolvedAt === null ? todo : [field('ended', ending(incident, incident.resolvedAt))]),
  ];
}

function resolveCommand({ incidentId, kind }: IncidentRecord): string {
  const acceptance = incidentAdvice(kind).losesRecords ? ' --accept-loss' : '';
  return `bursar incidents resolve ${incidentId}${acceptance} --reason "…"`;
}

function rangeLines({ from, to }: Record<string, unknown>): Line[] {
  if (typeof from !== 'string' || typeof to !== 'string') return [];
  return [field('range', `offsets ${from} to ${to}, ${BigInt(to) - BigInt(from) + 1n} in all`)];
}

function detailLines(detail: Record<string, unknown>): Line[] {
  const told = Object.entries(detail).filter(([name]) => !('to' in detail && ['from', 'to', 'log'].includes(name)));
  return told.map(([name, value]) =>
    field('detail', `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`),
  );
}

function ending({ resolvedBy, resolution }: IncidentRecord, at: Date): string {
  return `by ${resolvedBy ?? 'somebody'} at ${utcText(at)}: ${resolution ?? 'no reason was given'}`;
}

function field(name: string, text: string): Line {
  return [toned('quiet', `  ${name.padEnd(8)}`), text];
}
