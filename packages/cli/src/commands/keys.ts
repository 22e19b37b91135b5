import { type KeyRow, listKeys } from '@bursar/db/report/keys';
import type { Command } from 'commander';
import { type Context, withSession } from '../context.ts';
import { formatOption } from '../options.ts';
import { cleanJson } from '../output/clean-text.ts';
import { type Column, type Format, writeListing } from '../output/listing.ts';
import { relativeText } from '../output/time-text.ts';
import { findKeys } from '../story/find-key.ts';
import { keyFacts, lastUseText, statusTone } from '../story/key-facts.ts';

export function addKeys(program: Command, context: Context): void {
  const keys = program.command('keys').description('the API keys at Anthropic and those seen in traffic');
  keys
    .command('list', { isDefault: true })
    .addOption(formatOption())
    .description('list every key with its status, what the policy says about it, and its last use')
    .addHelpText('after', '\nExample:\n  bursar keys list --format csv')
    .action(async ({ format }: { format: Format }, command: Command) => {
      await withSession(context, command, async ({ db, now }) => {
        const whenEmpty = 'No key is known yet: the scheduler has not read the inventory, and no request was counted.';
        writeListing(context.terminal, format, { columns: columns(now), rows: await listKeys(db), whenEmpty });
      });
    });
  keys
    .command('show')
    .argument('<key>', 'its name, hint, apikey_… id or SHA-256')
    .option('--json', 'for programs')
    .description('tell what is known about one key; for its history ask: bursar why <key>')
    .addHelpText('after', '\nExample:\n  bursar keys show prod-search-service')
    .action(async (text: string, { json }: { json?: boolean }, command: Command) => {
      await withSession(context, command, async ({ db, now }) => {
        const found = await findKeys(db, text);
        if (json) return context.terminal.printVerbatim(`${cleanJson(found)}\n`);
        for (const key of found) for (const line of [...keyFacts(key, now), '']) context.terminal.print(line);
      });
    });
}

const columns = (now: Date): Column<KeyRow>[] => [
  {
    key: 'name',
    title: 'KEY',
    kind: 'text',
    value: (key) => key.name,
    people: (key) => key.name ?? '(not in inventory)',
  },
  { key: 'hint', title: 'HINT', kind: 'text', value: (key) => key.hint },
  { key: 'apiKeyId', kind: 'text', value: (key) => key.apiKeyId },
  { key: 'sha256', kind: 'text', value: (key) => key.sha256 },
  {
    key: 'status',
    title: 'STATUS',
    kind: 'text',
    value: (key) => key.status,
    people: (key) => (key.goneAt ? 'gone' : (key.status ?? 'unknown')),
    tone: statusTone,
  },
  { key: 'workspace', title: 'WORKSPACE', kind: 'text', value: (key) => key.workspace ?? key.workspaceId },
  { key: 'service', title: 'SERVICE', kind: 'text', value: (key) => key.service },
  { key: 'role', title: 'ROLE', kind: 'text', value: (key) => key.role },
  { key: 'owner', title: 'OWNER', kind: 'text', value: (key) => key.owner },
  { key: 'protected', kind: 'text', value: (key) => key.protected },
  { key: 'bindingBasis', kind: 'text', value: (key) => key.basis },
  {
    key: 'rotationDueAt',
    title: 'ROTATE',
    kind: 'time',
    value: (key) => key.rotationDueAt,
    people: (key) => (key.rotationDueAt ? relativeText(key.rotationDueAt, now) : ''),
    tone: (key) => (key.rotationDueAt && key.rotationDueAt < now ? 'warning' : 'plain'),
  },
  {
    key: 'holds',
    title: 'HELD FOR',
    kind: 'text',
    value: (key) => key.holds.map(({ cause, rule, state }) => `${cause} ${rule} (${state})`).join('; '),
    people: (key) =>
      key.holds.map(({ cause, state }) => (state === 'in_force' ? cause : `${cause} (${state})`)).join(', '),
  },
  { key: 'firstSeenAt', kind: 'time', value: (key) => key.firstSeenAt },
  {
    key: 'lastUsedAt',
    title: 'LAST USED',
    kind: 'time',
    value: (key) => key.lastUsedAt,
    people: (key) => lastUseText(key, now),
  },
];
