import { listAt, mapAt, type Names, type Remark, texts } from './raw-policy.ts';
import { didYouMean, shown } from './wanted.ts';

const GUIDE = 'docs/guides/securing-events.md';
const FILE_NAME = /^\w[\w.-]{0,62}$/;

/** What is wrong between who signs, who has keys, and whether the machine may act on it. */
export function checkEvents(raw: unknown, names: Names): Remark[] {
  const { require_signature: required, accept_unsigned: acceptUnsigned } = mapAt(raw, 'events');
  const isSigning = (service: string) => required === '*' || texts(required).includes(service);
  return [
    ...unknownServices(required, names.services),
    ...unfitNames(raw, isSigning),
    ...(acceptUnsigned === true ? [] : unsignedInAuto(raw, names.services, isSigning)),
  ];
}

function unknownServices(required: unknown, services: readonly string[]): Remark[] {
  const named = Array.isArray(required) ? required : [];
  return named.flatMap((service, i): Remark[] => {
    if (typeof service !== 'string' || service === '*' || services.includes(service)) return [];
    const message = `is ${shown(service)}, a service that no key under keys.entries has${didYouMean(service, services)}`;
    return [{ path: ['events', 'require_signature', i], message }];
  });
}

/** The secrets of a service stand in a file of its name. */
function unfitNames(raw: unknown, isSigning: (service: string) => boolean): Remark[] {
  return listAt(mapAt(raw, 'keys'), 'entries').flatMap((entry, i): Remark[] => {
    const service = mapAt(entry)['service'];
    if (typeof service !== 'string' || !isSigning(service) || FILE_NAME.test(service)) return [];
    const message = `is ${shown(service)} and must sign, so its name is a file's too: write 1 to 63 of A-Z a-z 0-9 _ . - and begin with a letter or digit`;
    return [{ path: ['keys', 'entries', i, 'service'], message }];
  });
}

function unsignedInAuto(raw: unknown, services: readonly string[], isSigning: (service: string) => boolean): Remark[] {
  if (mapAt(raw, 'enforcement')['mode'] !== 'auto') return [];
  const unsigned = [...new Set(services)].filter((service) => !isSigning(service));
  if (unsigned.length === 0) return [];
  const who =
    unsigned.length > 5 ? `${unsigned.slice(0, 5).join(', ')} and ${unsigned.length - 5} more` : unsigned.join(', ');
  const message = `is auto, but nobody signs what ${who} report, so whoever can write to Kafka could have keys switched off; write events: { require_signature: "*" } (${GUIDE}), or take the risk: events: { accept_unsigned: true }`;
  return [{ path: ['enforcement', 'mode'], message }];
}
