import { didYouMean, shown } from './wanted.ts';

/** Whether a text names a zone of the IANA database, in its usual spelling. */
export function isTimezone(text: string): boolean {
  if (!/^[A-Z][A-Za-z0-9_+-]*(?:\/[A-Z][A-Za-z0-9_+-]*)*$/.test(text)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

/** What to tell someone who wrote a zone that does not exist. */
export function timezoneHint(text: string): string {
  const near = didYouMean(text, Intl.supportedValuesOf('timeZone'));
  return `is ${shown(text)}, which is no time zone${near}; write an IANA zone such as Europe/Berlin`;
}
