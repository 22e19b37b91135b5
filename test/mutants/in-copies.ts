import { rm } from 'node:fs/promises';
import { join } from 'node:path';

export type Copies = {
  count: number;
  /** Holds the copies while they are needed; emptied before and after. */
  root: string;
  make(folder: string): Promise<void>;
};

/** Does the work for each item, in order, as many at a time as there are copies. The results are in the order of the items. */
export type Each = <Item, Result>(
  items: readonly Item[],
  work: (item: Item, folder: string) => Promise<Result>,
) => Promise<Result[]>;

/** Makes the copies, has them used, and removes them. The first error ends it, after the work that is under way. */
export async function inCopies<T>({ count, root, make }: Copies, use: (each: Each) => Promise<T>): Promise<T> {
  await rm(root, { recursive: true, force: true });
  const folders = Array.from({ length: count }, (_, index) => join(root, String(index)));
  try {
    await Promise.all(folders.map(make));
    return await use((items, work) => shareOut(folders, items, work));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function shareOut<Item, Result>(
  folders: readonly string[],
  items: readonly Item[],
  work: (item: Item, folder: string) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = [...items.entries()];
  const lane = async (folder: string) => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, item] = next;
      results[index] = await work(item, folder);
    }
  };
  const lanes = await Promise.allSettled(
    folders.map((folder) =>
      lane(folder).catch((error) => {
        waiting.length = 0;
        throw error;
      }),
    ),
  );
  for (const ended of lanes) if (ended.status === 'rejected') throw ended.reason;
  return results;
}
