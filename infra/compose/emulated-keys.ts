import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiKeySeed } from '@bursar/anthropic-emulator/emulator';

/** The secret of the key with that name, which the emulator wrote into the folder that both containers share. */
export async function secretOf(folder: string, keyName: string): Promise<string> {
  return await readFile(join(folder, 'keys', encodeURIComponent(keyName)), 'utf8');
}

/** Makes a key at the emulated Anthropic, as a person does in the Console, and returns its secret. */
export async function makeKey(anthropicUrl: string, key: ApiKeySeed): Promise<string> {
  const response = await fetch(new URL('/_emulator/api_keys', anthropicUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(key),
  });
  if (!response.ok) throw new Error(`the emulator did not make the key ${key.name}: HTTP ${response.status}`);
  const { secret } = (await response.json()) as { secret: string };
  return secret;
}
