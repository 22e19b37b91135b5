import type { APIKey } from '@anthropic-ai/sdk/resources/organization/api-keys';
import { z } from 'zod';
import { keyAt, setStatus } from '../organization/key-status.ts';
import type { KeyRecord } from '../organization/organization-state.ts';
import { storedKeyStatus } from '../seed.ts';

/** What can be changed by hand, against every rule of the API: a test makes old, expired or revived keys with it. */
export const keyChange = z.strictObject({
  name: z.string().min(1).max(500).optional(),
  status: storedKeyStatus.optional(),
  created_at: z.iso.datetime({ offset: true }).optional(),
  expires_at: z.iso.datetime({ offset: true }).nullable().optional(),
});

/** Changes a key by hand, at once, and returns it as the API now shows it. */
export function changeKey(record: KeyRecord, change: z.output<typeof keyChange>, nowMs: number): APIKey {
  const { status, ...rest } = change;
  record.key = { ...record.key, ...definedOf(rest) };
  if (status) setStatus(record, status, nowMs, 0);
  return keyAt(record, nowMs);
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };
const definedOf = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Partial<Defined<T>>;
