import { loadEnforcement } from '@bursar/db/report/enforcement';
import { listWorkspaces, type WorkspaceRow } from '@bursar/db/report/workspaces';
import type { Command } from 'commander';
import { type Context, withSession } from '../context.ts';
import { formatOption } from '../options.ts';
import { sumUsd, usdText } from '../output/amount-text.ts';
import { cleanText } from '../output/clean-text.ts';
import { type Column, type Format, writeListing } from '../output/listing.ts';
import { type Line, type Tone, toned } from '../output/terminal.ts';

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

/** A line of the tree before its amount is set under the others. */
type Branch = { spans: readonly { text: string; tone: Tone }[]; spentUsd: string };

function treeLines(organization: string, rows: readonly WorkspaceRow[]): Line[] {
  const groups = [...Map.groupBy(rows, ({ workspaceId }) => workspaceId).values()];
  const root = { spans: [{ text: organization, tone: 'strong' as const }], spentUsd: spentBy(rows) };
  const branches = [root, ...groups.flatMap((group, i) => workspaceBranches(group, i === groups.length - 1))];
  const widest = Math.max(...branches.map(widthOf));
  return branches.map((branch) => [
    ...branch.spans,
    ' '.repeat(widest - widthOf(branch) + 2),
    usdText(branch.spentUsd).padStart(12),
  ]);
}

function workspaceBranches(group: readonly WorkspaceRow[], last: boolean): Branch[] {
  const { workspace, workspaceId, archivedAt } = group[0]!;
  const name = workspace ?? workspaceId ?? 'Default workspace, and keys of the whole organization';
  const keys = group.filter(({ key, hint, apiKeyId }) => key ?? hint ?? apiKeyId);
  const spans = [
    { text: last ? '└─ ' : '├─ ', tone: 'quiet' as const },
    { text: `${name}${archivedAt ? ' (archived)' : ''}`, tone: 'strong' as const },
  ];
  const indent = last ? '   ' : '│  ';
  const below = keys.map((key, i) => keyBranch(`${indent}${i === keys.length - 1 ? '└─ ' : '├─ '}`, key));
  return [{ spans, spentUsd: spentBy(group) }, ...below];
}

function keyBranch(indent: string, { key, hint, apiKeyId, status, role, spentThisMonthUsd }: WorkspaceRow): Branch {
  const about = [key === null ? 'not in the inventory' : hint, role].filter(Boolean).join(', ');
  const tone = status === 'active' ? 'good' : status === null ? 'warning' : 'bad';
  const spans = [
    { text: indent, tone: 'quiet' as const },
    { text: (status ?? 'unbound').padEnd(10), tone } as const,
    { text: `${key ?? hint ?? apiKeyId ?? 'unknown key'}  `, tone: 'plain' as const },
    { text: about, tone: 'quiet' as const },
  ];
  return { spans, spentUsd: spentThisMonthUsd };
}

function widthOf({ spans }: Branch): number {
  return spans.reduce((width, { text }) => width + cleanText(text).length, 0);
}

function spentBy(rows: readonly WorkspaceRow[]): string {
  return sumUsd(rows.map(({ spentThisMonthUsd }) => spentThisMonthUsd));
}
