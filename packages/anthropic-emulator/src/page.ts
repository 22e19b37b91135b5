import type { PageCursorResponse, PageResponse } from '@anthropic-ai/sdk/core/pagination';
import { z } from 'zod';
import { badRequest } from './errors.ts';

/** `?after_id&before_id&limit` of the lists that page by id (SDK class `Page`). */
export const pageQuery = z.object({
  after_id: z.string().optional(),
  before_id: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(20),
});

/** `?page&limit` of the lists that page by cursor (SDK class `PageCursor`); without `limit` all is one page. */
export const cursorQuery = z.object({
  page: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1000).optional(),
});

/** A query parameter that may come once, several times, or as `name[]` (the SDK's form). */
export const repeated = <T extends z.ZodType>(item: T) =>
  z.union([item.transform((one) => [one]), z.array(item)]).optional();

export const booleanQuery = z
  .enum(['true', 'false'])
  .transform((text) => text === 'true')
  .default(false);

/**
 * One page of `all` (in list order): what follows `after_id`, or what stands directly before `before_id`.
 * Throws a 400 when the cursor names nothing in `all`, as an object that was removed between two pages does.
 */
export function pageOf<Item>(
  all: readonly Item[],
  idOf: (item: Item) => string,
  query: z.output<typeof pageQuery>,
): PageResponse<Item> {
  const indexOf = (parameter: string, id: string) => {
    const index = all.findIndex((item) => idOf(item) === id);
    if (index < 0) throw badRequest(`${parameter}: no object with id "${id}" is in this list.`);
    return index;
  };
  let from = 0;
  let to = all.length;
  if (query.after_id !== undefined) from = indexOf('after_id', query.after_id) + 1;
  if (query.before_id !== undefined) to = indexOf('before_id', query.before_id);
  const backwards = query.before_id !== undefined;
  const data = backwards
    ? all.slice(Math.max(from, to - query.limit), to)
    : all.slice(from, Math.min(to, from + query.limit));
  return {
    data,
    has_more: data.length < to - from,
    first_id: data.length > 0 ? idOf(data[0]!) : null,
    last_id: data.length > 0 ? idOf(data.at(-1)!) : null,
  };
}

/** One page of `all` by cursor; the cursor is the index at which the page starts. */
export function cursorPageOf<Item>(
  all: readonly Item[],
  query: z.output<typeof cursorQuery>,
): PageCursorResponse<Item> {
  const from = query.page === undefined ? 0 : Number(query.page);
  if (!Number.isInteger(from) || from < 0) throw badRequest(`page: "${query.page}" is not a cursor of this list.`);
  const to = from + (query.limit ?? all.length);
  return { data: all.slice(from, to), next_page: to < all.length ? String(to) : null };
}
