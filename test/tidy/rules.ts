import { importsOf, isTest, matchingLines, type Source } from './sources.ts';

export type Rule = {
  /** The sentence of the rule. */
  readonly name: string;
  /** What breaks it, as `path:line: what`. */
  readonly broken: (sources: readonly Source[]) => string[];
  /** A file that must be found to break it. */
  readonly planted: Source;
};

const isCode = ({ path }: Source) => path.endsWith('.ts');
const isProduct = (source: Source) => isCode(source) && !isTest(source.path);

function lines(where: (source: Source) => boolean, pattern: RegExp): Rule['broken'] {
  return (sources) => sources.filter(where).flatMap((source) => matchingLines(source, pattern));
}

function imports(
  where: (source: Source) => boolean,
  forbidden: (specifier: string, source: Source) => boolean,
): Rule['broken'] {
  return (sources) =>
    sources.filter(where).flatMap((source) =>
      importsOf(source)
        .filter((specifier) => forbidden(specifier, source))
        .map((specifier) => `${source.path}: imports ${specifier}`),
    );
}

/** Which packages a package may import; services and the roots that compose may import any. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  events: [],
  pricing: ['events'],
  policy: ['pricing'],
  bus: [],
  db: [],
  runtime: [],
  'admin-api': [],
  'anthropic-emulator': [],
  emitter: ['events', 'bus'],
  cli: ['db', 'policy', 'pricing', 'runtime', 'events'],
};
const PURE = /^packages\/(pricing|policy)\/src\//;
const IO =
  /^node:(fs|net|http|https|child_process|dns|tls|os|timers|worker_threads|process)|^(pg|kafkajs|pino|fastify)(\/|$)/;

/** Which service writes through a folder of packages/db. Inboxes take inserts from several. */
const WRITER: Record<string, string> = {
  ledger: 'the aggregator',
  configuration: 'the aggregator',
  inventory: 'the scheduler',
  schedule: 'the scheduler',
  enforcement: 'the revoker',
};
const INBOXES = ['breach', 'finding', 'incident', 'outbox', 'audit_pending', 'command', 'policy_version', 'price_book'];

export const rules: readonly Rule[] = [
  {
    name: 'a service never imports a service',
    broken: imports(
      (source) => source.path.startsWith('services/'),
      (specifier, { path }) => {
        const own = path.split('/')[1];
        const other = /^@bursar\/(aggregator|scheduler|revoker|intake)|services\/(\w+)/.exec(specifier);
        return other !== null && (other[1] ?? other[2]) !== own;
      },
    ),
    planted: { path: 'services/revoker/a.ts', text: `import { x } from '../../services/aggregator/sum-records.ts';` },
  },
  {
    name: 'dependencies point one way',
    broken: imports(
      (source) => /^packages\/[^/]+\/src\//.test(source.path) && !isTest(source.path),
      (specifier, { path }) => {
        const own = path.split('/')[1] ?? '';
        const other = /^@bursar\/([^/]+)/.exec(specifier)?.[1];
        return other !== undefined && other !== own && !(MAY_IMPORT[own] ?? []).includes(other);
      },
    ),
    planted: { path: 'packages/pricing/src/a.ts', text: `import { x } from '@bursar/policy/policy';` },
  },
  {
    name: 'pure packages do no I/O and ask no clock',
    broken: (sources) => [
      ...imports(
        (source) => PURE.test(source.path) && !isTest(source.path),
        (specifier) => IO.test(specifier),
      )(sources),
      ...lines(
        (source) => PURE.test(source.path) && isProduct(source),
        /\bDate\.now\(|new Date\(\)|performance\.now|Math\.random|process\.env/,
      )(sources),
    ],
    planted: { path: 'packages/policy/src/a.ts', text: 'const now = Date.now();' },
  },
  {
    name: 'process.env is read in config.ts only',
    broken: lines(
      (source) => isCode(source) && !/(^|\/)config\.ts$|\.test\.ts$|^test\/tidy\//.test(source.path),
      /\bprocess\.env\b(?!:)/,
    ),
    planted: { path: 'services/revoker/a.ts', text: 'const url = process.env.DATABASE_URL;' },
  },
  {
    name: 'SQL stands in packages/db only',
    // infra/local/postgres makes the server that packages/db talks to.
    broken: lines(
      (source) => isProduct(source) && !/^packages\/db\/|^infra\/local\/postgres\//.test(source.path),
      /[`'"]\s*(select\s+\S.*(\sfrom\s|\()|insert\s+into\s|update\s+\w+\s+set\s|delete\s+from\s|(create|alter|drop)\s+(table|role|database|schema)\s|with\s+\w+\s+as\s*\()/i,
    ),
    planted: { path: 'services/revoker/a.ts', text: "await db.query('select * from hold');" },
  },
  {
    name: 'kafkajs is known to packages/bus only',
    broken: imports(
      (source) => isCode(source) && !source.path.startsWith('packages/bus/'),
      (specifier) => specifier === 'kafkajs',
    ),
    planted: { path: 'packages/emitter/src/a.ts', text: `import { Kafka } from 'kafkajs';` },
  },
  {
    name: 'each table is written by one service',
    broken: tablesWithSeveralWriters,
    planted: { path: 'packages/db/src/report/a.ts', text: 'await db.query(`update hold set state = 1`);' },
  },
  {
    name: 'money is never a floating-point number',
    broken: lines(
      (source) =>
        (isProduct(source) || source.path.endsWith('.sql')) && !source.path.startsWith('packages/anthropic-emulator/'),
      /parseFloat\(|\b\w*(Usd|Pico|PicoUsd)\b\??: number\b|Number\(\s*\w*(cost|price|spend|Usd|Pico)|\b(usd|cost|price)\w*\s+(real|double precision|float\d?)\b/i,
    ),
    planted: { path: 'services/aggregator/a.ts', text: 'const cost = Number(costPicoUsd) / 1e12;' },
  },
  {
    name: 'nobody but the command line writes to the console',
    broken: lines((source) => isProduct(source) && !source.path.startsWith('packages/cli/'), /\bconsole\.\w+\(/),
    planted: { path: 'services/revoker/a.ts', text: "console.log('hello');" },
  },
  {
    name: 'signatures are compared in constant time',
    broken: lines(
      isProduct,
      /\b\w*(signature|hmac|digest)\w*\s*[!=]==?\s*(?!undefined|null|'|"|\d)|[!=]==?\s*\w*(signature|hmac)\b/i,
    ),
    planted: { path: 'services/intake/a.ts', text: 'if (signature === expected) accept();' },
  },
  {
    name: 'no barrels',
    broken: lines(isCode, /^\s*export\s+\*/),
    planted: { path: 'packages/events/src/index.ts', text: "export * from './usage-event.ts';" },
  },
  {
    name: 'a main.ts only composes: at most 70 lines',
    broken: (sources) =>
      sources
        // packages/runtime/src/main.ts is not a program: it is what the programs share.
        .filter((source) => /(^|\/)main\.ts$/.test(source.path) && !source.path.startsWith('packages/runtime/'))
        .map((source) => ({ path: source.path, count: source.text.trimEnd().split('\n').length }))
        .filter(({ count }) => count > 70)
        .map(({ path, count }) => `${path}: ${count} lines`),
    planted: { path: 'services/revoker/main.ts', text: 'a();\n'.repeat(71) },
  },
  {
    name: 'no credential and no machine stands in the tree',
    broken: lines(
      ({ path }) => !path.startsWith('test/tidy/'),
      /sk-ant-(api|admin|oat)\d\d-[\w-]{40,}|(^|[\s"'`(=])\/(work|root|home\/\w+)\//,
    ),
    planted: { path: 'docs/a.md', text: `see /root/notes` },
  },
  {
    name: 'every package and service has a README',
    broken: (sources) => {
      const paths = new Set(sources.map((source) => source.path));
      const rooms = [...paths].filter((path) => /^(packages|services|examples)\/[^/]+\/package\.json$/.test(path));
      return rooms
        .filter((path) => !paths.has(path.replace('package.json', 'README.md')))
        .map((path) => `${path}: no README.md beside it`);
    },
    planted: { path: 'packages/lonely/package.json', text: '{}' },
  },
  {
    name: 'the project speaks of itself alone',
    broken: lines(
      ({ path }) => !path.startsWith('test/tidy/'),
      /\b(helper-\d|subagent|this session|farm-studio|farm-bench)\b/i,
    ),
    planted: { path: 'docs/a.md', text: 'found in this session' },
  },
];

function tablesWithSeveralWriters(sources: readonly Source[]): string[] {
  const writers = new Map<string, Map<string, string>>();
  for (const source of sources.filter(({ path }) => /^packages\/db\/src\/\w+\//.test(path) && !isTest(path))) {
    const folder = source.path.split('/')[3] ?? '';
    for (const [, table = ''] of source.text.matchAll(
      /\b(?:insert into|update|delete from)\s+([a-z_]+)(?=\s+(?:as\s|set\s|\w+\s+set\s|\(|where\s|using\s|\w*\s*$))/gm,
    )) {
      if (INBOXES.includes(table) || table === 'set') continue;
      const known = writers.get(table) ?? new Map<string, string>();
      writers.set(table, known.set(WRITER[folder] ?? folder, source.path));
    }
  }
  return [...writers].flatMap(([table, folders]) =>
    folders.size > 1 ? [`${table} is written from ${[...folders.values()].join(' and ')}`] : [],
  );
}
