import { randomBytes } from 'node:crypto';

/** A new string in the form of an Anthropic API key. */
export function fakeKey(): string {
  return `sk-ant-api03-${randomBytes(70).toString('base64url').slice(0, 93)}AA`;
}
