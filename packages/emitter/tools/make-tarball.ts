/**
 * Makes `bursar-emitter-<version>.tgz`, which any service on Node 20 or later installs with npm, pnpm or yarn:
 * one bundled JavaScript file, its types, and the official SDK as the only peer. `node tools/make-tarball.ts [folder]`.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const PACKAGES = dirname(PACKAGE.replace(/\/$/, ''));
const REPOSITORY = dirname(PACKAGES);
const ENTRY = join(PACKAGE, 'src/index.ts');
const run = promisify(execFile);

/** Writes the tarball into `folder` and returns its path. Needs no network. */
export async function makeTarball(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const staging = await mkdtemp(join(tmpdir(), 'bursar-emitter-'));
  try {
    await Promise.all([
      bundle(staging, 'esm'),
      bundle(staging, 'cjs'),
      declareTypes(staging),
      describe(staging),
      copyTexts(staging),
    ]);
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: staging });
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
    return join(folder, filename.replace('@', '').replace('/', '-'));
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** kafkajs is CommonJS and asks for Node's modules with `require`. */
const REQUIRE = "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);";

async function bundle(staging: string, format: 'esm' | 'cjs'): Promise<void> {
  await build({
    entryPoints: [ENTRY],
    outfile: join(staging, format === 'esm' ? 'dist/index.js' : 'dist/index.cjs'),
    bundle: true,
    platform: 'node',
    format,
    target: 'node20',
    external: ['@anthropic-ai/sdk'],
    legalComments: 'none',
    banner: format === 'esm' ? { js: REQUIRE } : {},
  });
}

/** The declarations that the entry reaches. They may mention the SDK and nothing else that a service doesn't have. */
async function declareTypes(staging: string): Promise<void> {
  const emitted = join(staging, 'declarations');
  const config = join(staging, 'tsconfig.json');
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: PACKAGES,
    outDir: emitted,
    typeRoots: [join(REPOSITORY, 'node_modules/@types')],
  };
  await writeFile(
    config,
    JSON.stringify({ extends: join(REPOSITORY, 'tsconfig.base.json'), compilerOptions, files: [ENTRY] }),
  );
  await run(join(REPOSITORY, 'node_modules/.bin/tsc'), ['-p', config]);
  const pending = ['index'];
  for (const name of pending) {
    const source = await readFile(join(emitted, 'emitter/src', `${name}.d.ts`), 'utf8');
    const imports = [...source.matchAll(/from '([^']+)'|import\('([^']+)'\)/g)].map((match) => match[1] ?? match[2]!);
    for (const specifier of imports) {
      if (specifier.startsWith('@bursar/'))
        throw new Error(`${name}.d.ts needs ${specifier}, which a service doesn't have`);
      const next = posix.basename(specifier, '.ts');
      if (specifier.startsWith('./') && !pending.includes(next)) pending.push(next);
    }
    await writeDeclaration(join(staging, 'dist', `${name}.d.ts`), source, 'js');
    await writeDeclaration(join(staging, 'dist', `${name}.d.cts`), source, 'cjs');
  }
  await Promise.all([rm(emitted, { recursive: true }), rm(config)]);
}

async function writeDeclaration(path: string, source: string, extension: 'js' | 'cjs'): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, source.replaceAll(/'(\.\/[^']+)\.ts'/g, `'$1.${extension}'`));
}

async function describe(staging: string): Promise<void> {
  const { name, version, license } = JSON.parse(await readFile(join(PACKAGE, 'package.json'), 'utf8'));
  const { version: sdk } = JSON.parse(
    await readFile(join(PACKAGE, 'node_modules/@anthropic-ai/sdk/package.json'), 'utf8'),
  );
  const description = {
    name,
    version,
    license,
    description: 'Meters the calls of the official Anthropic SDK and sends a usage event for each to Kafka.',
    type: 'module',
    engines: { node: '>=20' },
    exports: {
      '.': {
        import: { types: './dist/index.d.ts', default: './dist/index.js' },
        require: { types: './dist/index.d.cts', default: './dist/index.cjs' },
      },
    },
    files: ['dist', 'THIRD-PARTY-LICENSES'],
    peerDependencies: { '@anthropic-ai/sdk': `^${sdk}` },
  };
  await writeFile(join(staging, 'package.json'), `${JSON.stringify(description, null, 2)}\n`);
}

/** The readme, and the licences of what is bundled. */
async function copyTexts(staging: string): Promise<void> {
  await copyFile(join(PACKAGE, 'README.md'), join(staging, 'README.md'));
  const bundled = [
    ['kafkajs', join(PACKAGES, 'bus')],
    ['zod', join(PACKAGES, 'events')],
  ] as const;
  const licences = bundled.map(async ([name, user]) => {
    const folder = dirname(createRequire(join(user, 'package.json')).resolve(`${name}/package.json`));
    return `${name}\n\n${await readFile(join(folder, 'LICENSE'), 'utf8')}`;
  });
  await writeFile(join(staging, 'THIRD-PARTY-LICENSES'), (await Promise.all(licences)).join('\n\n'));
}

if (import.meta.main) process.stdout.write(`${await makeTarball(process.argv[2] ?? join(PACKAGE, 'dist'))}\n`);
