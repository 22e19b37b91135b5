import { parseArgs } from 'node:util';

export type CommandLine = {
  /** Raw value by option name. */
  flags: ReadonlyMap<string, string>;
  envFile?: string;
  mode: 'run' | 'help' | 'check';
  problems: string[];
};

/** The flag of an option without its dashes: `databaseUrl` → `database-url`. */
export function flagOf(name: string): string {
  return name.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
}

/** Splits a command line into flags with values, the modes that every service knows, and everything wrong with it. */
export function parseCommandLine(optionNames: readonly string[], argv: readonly string[]): CommandLine {
  const nameOf = new Map(optionNames.map((name) => [flagOf(name), name]));
  const { tokens } = parseArgs({
    args: [...argv],
    options: {
      help: { type: 'boolean', short: 'h' },
      'check-config': { type: 'boolean' },
      'env-file': { type: 'string' },
      ...Object.fromEntries([...nameOf.keys()].map((flag) => [flag, { type: 'string' as const }])),
    },
    strict: false,
    tokens: true,
  });
  const values = new Map<string, string>();
  const problems: string[] = [];
  let mode: CommandLine['mode'] = 'run';
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') problems.push(`"${token.value}" is not expected; every option is --name value`);
    else if (token.name === 'help') mode = 'help';
    else if (token.name === 'check-config') mode = mode === 'help' ? 'help' : 'check';
    else if (token.name !== 'env-file' && !nameOf.has(token.name))
      problems.push(`${token.rawName} is not an option; see --help`);
    else if (token.value === undefined || (!token.inlineValue && token.value.startsWith('--')))
      problems.push(`${token.rawName} needs a value; write ${token.rawName}=value`);
    else if (values.has(token.name)) problems.push(`${token.rawName} is given twice`);
    else values.set(token.name, token.value);
  }
  const envFile = values.get('env-file');
  const flags = new Map([...values].flatMap(([flag, value]) => namedFlag(nameOf.get(flag), value)));
  return { flags, ...(envFile === undefined ? {} : { envFile }), mode, problems };
}

function namedFlag(name: string | undefined, value: string): [string, string][] {
  return name === undefined ? [] : [[name, value]];
}
