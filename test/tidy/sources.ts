import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../../infra/local/repository.ts';

export type Source = { readonly path: string; readonly text: string };

/** Every file that git tracks or would track, as text; vendored material and fixtures are not ours to tidy. */
export function repositorySources(): Source[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: REPOSITORY,
  });
  return listed
    .toString()
    .split('\0')
    .filter((path) => /\.(ts|sql|json|yaml|yml|md)$/.test(path) && !/(^|\/)fixtures\/|pnpm-lock\.yaml$/.test(path))
    .flatMap((path) => {
      try {
        return [{ path, text: readFileSync(join(REPOSITORY, path), 'utf8') }];
      } catch {
        // Deleted in the working tree and not yet in the index.
        return [];
      }
    });
}

export function isTest(path: string): boolean {
  return path.startsWith('test/') || /\.test\.ts$|(^|\/)test-[^/]+\.ts$/.test(path) || path.includes('/testing/');
}

/** What a TypeScript file imports, types included. */
export function importsOf({ text }: Source): string[] {
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]/g,
  );
  return [...found].map((match) => match[1] ?? match[2] ?? '');
}

/** The lines that match, as `path:line: text`, comments left out. */
export function matchingLines({ path, text }: Source, pattern: RegExp): string[] {
  return text.split('\n').flatMap((line, index) => {
    const isComment = /^\s*(\/\/|\/?\*|--)/.test(line);
    return !isComment && pattern.test(line) ? [`${path}:${index + 1}: ${line.trim().slice(0, 120)}`] : [];
  });
}
