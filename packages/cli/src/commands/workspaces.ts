import { loadEnforcement } from '@bursar/db/report/enforcement';
import { listWorkspaces, type WorkspaceRow } from '@bursar/db/report/workspaces';
import type { Command } from 'commander';
import { type Context, withSession } from '../context.ts';
import { formatOption } from '../options.ts';
import { sumUsd, usdText } from '../output/amount-text.ts';
import { cleanText } from '../output/clean-text.ts';
import { type Column, type Format, writeListing } from '../output/listing.ts';
import { type Line, toned } from '../output/terminal.ts';

export function addWorkspaces(program: Command, context: Context): void {
  program
    .command('workspaces')
    .addOption(formatOption())
    .description('the organization as a tree: workspaces, their keys, and what each spent this month')
    .addHelpText('after', '\nExample:\n  bursar workspaces')
    .action(async ({ format }: { format: Format }, command: Command) => {
      await withSession(context, command, async ({ db }) => {
        const { organization, timezone } = await loadEnforcement(db);
        const rows = await listWorkspaces(db, timezone ?? 'UTC');
        const whenEmpty = 'Nothing is known yet: the scheduler has not read the inventory, and no request was counted.';
        if (format !== 'table' || rows.length === 0) {
          return writeListing(context.terminal, format, { columns, rows, whenEmpty });
        }
        for (const line of treeLines(organization ?? 'organization', rows)) context.terminal.print(line);
        context.terminal.say(toned('quiet', `Spend of this month in ${timezone ?? 'UTC'}.`));
      });
    });
}

const columns: Column<WorkspaceRow>[] = [
  { key: 'workspace', kind: 'text', value: (row) => row.workspace },
  { key: 'workspaceId', kind: 'text', value: (row) => row.workspaceId },
  { key: 'key', kind: 'text', value: (row) => row.key },
  { key: 'hint', kind: 'text', value: (row) => row.hint },
  { key: 'apiKeyId', kind: 'text', value: (row) => row.apiKeyId },
  { key: 'status', kind: 'text', value: (row) => row.status },
  { key: 'role', kind: 'text', value: (row) => row.role },
  { key: 'spentThisMonthUsd', kind: 'exact', value: (row) => row.spentThisMonthUsd },
];

const AMOUNT_COLUMN = 66;

function treeLines(organization: string, rows: readonly WorkspaceRow[]): Line[] {
  const groups = [...Map.groupBy(rows, ({ workspaceId }) => workspaceId).values()];
  return [
    branch('', organization, spentBy(rows), 'strong'),
    ...groups.flatMap((group, i) => workspaceLines(group, i === groups.length - 1)),
  ];
}

function workspaceLines(group: readonly WorkspaceRow[], last: boolean): Line[] {
  const { workspace, workspaceId, archivedAt } = group[0]!;
  const name = workspace ?? workspaceId ?? 'Default workspace, and keys of the whole organization';
  const keys = group.filter(({ key, hint, apiKeyId }) => key ?? hint ?? apiKeyId);
  const indent = last ? '   ' : '│  ';
  return [
    branch(last ? '└─ ' : '├─ ', `${name}${archivedAt ? ' (archived)' : ''}`, spentBy(group), 'strong'),
    ...keys.map((key, i) => keyLine(`${indent}${i === keys.length - 1 ? '└─ ' : '├─ '}`, key)),
  ];
}

function keyLine(indent: string, { key, hint, apiKeyId, status, role, spentThisMonthUsd }: WorkspaceRow): Line {
  const name = key ?? hint ?? apiKeyId ?? 'unknown key';
  const about = [key === null ? 'not in the inventory' : hint, role].filter(Boolean).join(', ');
  const tone = status === 'active' ? 'good' : status === null ? 'warning' : 'bad';
  const room = Math.max(1, AMOUNT_COLUMN - indent.length - 10 - cleanText(`${name} ${about}`).length);
  return [
    toned('quiet', indent),
    toned(tone, (status ?? 'unbound').padEnd(10)),
    name,
    toned('quiet', ` ${about}`),
    ' '.repeat(room),
    usdText(spentThisMonthUsd).padStart(12),
  ];
}

function branch(indent: string, name: string, spentUsd: string, tone: 'strong'): Line {
  const room = Math.max(1, AMOUNT_COLUMN - indent.length - cleanText(name).length);
  return [toned('quiet', indent), toned(tone, name), ' '.repeat(room), usdText(spentUsd).padStart(12)];
}

function spentBy(rows: readonly WorkspaceRow[]): string {
  return sumUsd(rows.map(({ spentThisMonthUsd }) => spentThisMonthUsd));
}
