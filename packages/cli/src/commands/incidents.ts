import { type IncidentRow, listIncidents, readIncident } from '@bursar/db/report/incidents';
import type { Command } from 'commander';
import { type Context, withSession } from '../context.ts';
import { formatOption } from '../options.ts';
import { type Column, type Format, writeListing } from '../output/listing.ts';
import { relativeText } from '../output/time-text.ts';
import { incidentLines } from '../story/incident-story.ts';
import { WrongUseError } from '../wrong-use-error.ts';
import { addResolve, parseIncidentId } from './resolve-incident.ts';

export function addIncidents(program: Command, context: Context): void {
  const incidents = program
    .command('incidents')
    .description('what went wrong with Bursar itself, such as a hole in the log: see what it means, resolve it');
  incidents
    .command('list', { isDefault: true })
    .option('--all', 'with those that are resolved')
    .addOption(formatOption())
    .description('list open incidents, the newest first')
    .addHelpText('after', '\nExample:\n  bursar incidents list --format json')
    .action(async ({ all, format }: { all?: boolean; format: Format }, command: Command) => {
      await withSession(context, command, async ({ db, now }) => {
        const rows = await listIncidents(db, all);
        writeListing(context.terminal, format, { columns: columns(now), rows, whenEmpty: 'No incident is open.' });
      });
    });
  incidents
    .command('show')
    .argument('<id>', 'its number in the list')
    .description('show one incident: what it means, what resolving it would do, and the command for it')
    .addHelpText('after', '\nExample:\n  bursar incidents show 7')
    .action(async (id: string, _options: unknown, command: Command) => {
      const incidentId = parseIncidentId(id);
      await withSession(context, command, async ({ db, now }) => {
        const incident = await readIncident(db, incidentId);
        if (incident === undefined)
          throw new WrongUseError(`There is no incident ${id}; see: bursar incidents list --all`);
        for (const line of incidentLines(incident, now)) context.terminal.print(line);
      });
    });
  addResolve(incidents, context);
}

const columns = (now: Date): Column<IncidentRow>[] => [
  { key: 'incidentId', title: 'INCIDENT', kind: 'count', value: (incident) => incident.incidentId },
  { key: 'kind', title: 'KIND', kind: 'text', value: (incident) => incident.kind },
  { key: 'subject', title: 'ABOUT', kind: 'text', value: (incident) => incident.subject },
  {
    key: 'openedAt',
    title: 'OPENED',
    kind: 'time',
    value: (incident) => incident.openedAt,
    people: (incident) => relativeText(incident.openedAt, now),
  },
  {
    key: 'resolvedAt',
    title: 'RESOLVED',
    kind: 'time',
    value: (incident) => incident.resolvedAt,
    people: (incident) => (incident.resolvedAt ? relativeText(incident.resolvedAt, now) : 'open'),
    tone: (incident) => (incident.resolvedAt ? 'plain' : 'bad'),
  },
  { key: 'resolvedBy', kind: 'text', value: (incident) => incident.resolvedBy },
  { key: 'resolution', kind: 'text', value: (incident) => incident.resolution },
  { key: 'sentence', title: 'WHAT', kind: 'text', value: (incident) => incident.sentence, whole: true },
];
