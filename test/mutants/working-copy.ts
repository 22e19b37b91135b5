import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, readlink, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Copies the working tree, as git would track it, into an empty folder, so that it can be broken there. What pnpm links from
 * elsewhere is not copied; links between our own packages point into the copy, or nobody would see what is broken in it.
 */
export async function makeWorkingCopy(repository: string, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const files = trackedFiles(repository);
  for (const file of files) {
    // Deleted in the working tree and not yet in the index.
    if (!(await isThere(join(repository, file)))) continue;
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await cp(join(repository, file), join(folder, file));
  }
  const packages = files.filter((file) => /(^|\/)package\.json$/.test(file)).map((file) => dirname(file));
  for (const place of packages) await linkModules(join(repository, place), join(folder, place));
}

function trackedFiles(repository: string): string[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: repository,
  });
  return listed.toString().split('\0').filter(Boolean);
}

/** pnpm's links are relative: made again as they are, they stay within the copy. Its store is shared. */
async function linkModules(from: string, to: string): Promise<void> {
  const [source, target] = [join(from, 'node_modules'), join(to, 'node_modules')];
  if (!(await isThere(source))) return;
  await mkdir(target);
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const [original, copy] = [join(source, entry.name), join(target, entry.name)];
    if (entry.isSymbolicLink()) await symlink(await readlink(original), copy);
    else if (entry.name.startsWith('@')) await linkScope(original, copy);
    else if (entry.isDirectory()) await symlink(original, copy);
  }
}

async function linkScope(source: string, target: string): Promise<void> {
  await mkdir(target);
  for (const name of await readdir(source)) await symlink(await readlink(join(source, name)), join(target, name));
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
