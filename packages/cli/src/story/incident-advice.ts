export type IncidentAdvice = {
  means: string;
  /** What to do before it is resolved. */
  before: string;
  /** What `bursar incidents resolve` does. */
  resolving: string;
  /** Resolving it means that records are lost, and has to be said so. */
  losesRecords?: true;
};

const ONLY_CLOSES = 'closes it with your reason, and nothing else';
const READ_ANEW =
  'reads the partition from the first record of the present log; what is known counts once. What the old log held and nobody read is not had back';

const ADVICE: Readonly<Record<string, IncidentAdvice>> = {
  hole: {
    means:
      'Records were deleted from Kafka, by retention or by somebody, before they were counted. The partition is halted.',
    before: 'If they exist elsewhere (a mirror, a backup), produce them to the topic again: their ids make that safe.',
    resolving: 'skips this range for ever and goes on behind it',
    losesRecords: true,
  },
  unreadable_batch: {
    means:
      'A producer sent a batch that nobody can read, of more records than quarantine takes. The partition is halted.',
    before: 'Find out who sent it, and whether the same records were sent in another way.',
    resolving: 'skips this batch for ever and goes on behind it',
    losesRecords: true,
  },
  log_rewritten: {
    means:
      'The topic is not the one that was read: deleted and made again, cut off, or another one. The partition is halted.',
    before:
      'A mistake of configuration (brokers, topic prefix, database)? Correct it first. Can the old log be had back? Then that.',
    resolving: READ_ANEW,
  },
  other_cluster: {
    means: 'The ledger has read this partition from another Kafka cluster. The partition is halted.',
    before:
      'A mistake of configuration (brokers, database)? Correct it first; resolving then only closes the incident.',
    resolving: READ_ANEW,
  },
  events_missing: {
    means: 'A metered process numbered requests that never arrived. They are in no sum.',
    before: 'bursar usage --completeness --by emitter,hour --since 24h. It closes by itself when they come.',
    resolving: 'accepts that they stay missing; it opens again when more of the same process goes missing',
  },
  emitter_silent: {
    means: 'A metered process ended without a goodbye, or cannot reach Kafka.',
    before: 'Find out why. It closes by itself when the process is heard again.',
    resolving: ONLY_CLOSES,
  },
  window_drift: {
    means: 'A stored sum that a limit is judged by is not what the ledger adds up to.',
    before: 'A defect: keep the sentence, and report it.',
    resolving: `${ONLY_CLOSES}; it opens again while the sums differ`,
  },
  enforcement_off: {
    means: 'Anthropic refuses our admin credential: no key can be switched off or on. Metering goes on.',
    before: 'Renew the credential. It closes by itself.',
    resolving: `${ONLY_CLOSES}; it switches nothing on`,
  },
};

/** What an incident of a kind means and what resolving it does; of a kind that this version does not know, as much as is known. */
export function incidentAdvice(kind: string): IncidentAdvice {
  if (Object.hasOwn(ADVICE, kind)) return ADVICE[kind]!;
  return { means: 'Metering itself is wrong.', before: 'Read the sentence.', resolving: ONLY_CLOSES };
}
