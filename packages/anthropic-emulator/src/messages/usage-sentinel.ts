import { badRequest } from '../errors.ts';

const PREFIX = 'emulator:';
const FIELDS = [
  'input',
  'output',
  'cache_read',
  'cache_5m',
  'cache_1h',
  'web_search',
  'web_fetch',
  'thinking',
] as const;

export type UsageSentinel = Partial<Record<(typeof FIELDS)[number], number>>;

/**
 * Reads the token counts that a request asks for in `metadata.user_id`, e.g. `emulator:input=4808,output=10,cache_read=96`.
 * Undefined when the id is no sentinel; a 400 that names the mistake when it is a broken one.
 */
export function parseUsageSentinel(userId: string | null | undefined): UsageSentinel | undefined {
  if (!userId?.startsWith(PREFIX)) return undefined;
  const sentinel: UsageSentinel = {};
  for (const part of userId.slice(PREFIX.length).split(',')) {
    const [name, count] = part.split('=');
    const field = FIELDS.find((candidate) => candidate === name?.trim());
    if (!field) throw badRequest(`metadata.user_id: "${part}" is not one of ${FIELDS.join(', ')} (emulator sentinel).`);
    if (!count || !/^\d{1,12}$/.test(count))
      throw badRequest(`metadata.user_id: "${part}" needs a count (emulator sentinel).`);
    sentinel[field] = Number(count);
  }
  return sentinel;
}
