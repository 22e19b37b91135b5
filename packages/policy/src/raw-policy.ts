import type { Path } from './yaml-source.ts';

/** Something wrong at a place; `at: key` points at the field's name instead of its value. */
export type Remark = { path: Path; message: string; at?: 'key' | 'value' };

/** Every name that other fields may refer to. */
export type Names = Record<'roles' | 'families' | 'environments' | 'workspaces' | 'keys' | 'services', string[]>;

export type RawMap = Record<string, unknown>;

/** A field of an unchecked value as a map; empty when it is none. */
export function mapAt(value: unknown, field?: string): RawMap {
  const found = field === undefined ? value : mapAt(value)[field];
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? (found as RawMap) : {};
}

/** A field of an unchecked value as a list; empty when it is none. */
export function listAt(value: RawMap, field: string): unknown[] {
  const found = value[field];
  return Array.isArray(found) ? found : [];
}

/** The texts among unchecked values. */
export function texts(values: unknown): string[] {
  return Array.isArray(values) ? values.filter((value) => typeof value === 'string') : [];
}

/** A remark for each item whose `name` an earlier item has. */
export function duplicateNames(items: readonly unknown[], path: Path): Remark[] {
  const firstAt = new Map<unknown, number>();
  return items.flatMap((item, i): Remark[] => {
    const { name } = mapAt(item);
    const first = firstAt.get(name);
    if (first === undefined) firstAt.set(name, i);
    if (first === undefined || typeof name !== 'string') return [];
    return [
      {
        path: [...path, i, 'name'],
        message: `is ${JSON.stringify(name)}, as is ${path.join('.')}[${first}]; names are unique`,
      },
    ];
  });
}
