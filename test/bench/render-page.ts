/** `node test/bench/render-page.ts FILE`: puts the figures that `pnpm bench --json FILE` wrote into the performance page. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from '../../infra/local/repository.ts';
import { withFigures } from './output/page.ts';

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: node test/bench/render-page.ts FILE (from pnpm bench --json FILE)');
const page = join(REPOSITORY, 'docs/guides/performance.md');
await writeFile(page, withFigures(await readFile(page, 'utf8'), JSON.parse(await readFile(file, 'utf8'))));
