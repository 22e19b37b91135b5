import type { Finding } from '@bursar/db/inbox/finding';
import type { RefusalReason } from './judge-speaker.ts';

const GUIDE = 'docs/guides/securing-events.md';

/** What is wrong with the secrets: services whose records can't count, and files that can't be read. Pure. */
export function secretFindings(
  signing: ReadonlySet<string>,
  secrets: ReadonlyMap<string, unknown>,
  problems: ReadonlyMap<string, string>,
  folder: string | undefined,
): Finding[] {
  const where = folder === undefined ? 'BURSAR_SIGNING_SECRETS_DIR is not set' : `there is none in ${folder}`;
  const services = [...new Set([...signing, ...problems.keys()])].sort();
  return services.flatMap((service): Finding[] => {
    const has = secrets.has(service);
    const problem = problems.get(service);
    if (has && problem === undefined) return [];
    const cause = problem ?? where;
    const effect = has
      ? 'The secret read before is used until this process ends.'
      : signing.has(service)
        ? 'None of its records counts: they go to quarantine (no_secret).'
        : 'Its signatures are not looked at.';
    return [
      {
        kind: 'signing_secret',
        subject: service,
        sentence: `${service} has no usable secret: ${cause}. ${effect} See ${GUIDE}.`,
      },
    ];
  });
}

const MEANING: Record<RefusalReason, string> = {
  unsigned: 'are unsigned though it must sign: an emitter without signingSecretFile, or somebody else',
  wrong_signature: 'are signed with none of its secrets: an emitter with an old secret, or somebody else',
  no_secret: 'cannot be checked, since no secret of it is here',
  foreign_key: 'claim keys that the policy gives to another service: take a key of its own, or correct the policy',
  foreign_emitter: 'bear the emitter id of another service',
};

/** That records of a service are refused, for a person who looks. */
export function refusalFinding(service: string, reason: RefusalReason): Finding {
  return {
    kind: 'refused_records',
    subject: `${service}/${reason}`,
    sentence: `Records of ${service} go to quarantine because they ${MEANING[reason]}. See ${GUIDE}.`,
  };
}
