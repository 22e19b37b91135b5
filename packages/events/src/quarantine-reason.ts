/** What a reason of quarantine means to the person who decides about the record. */
export type QuarantineAdvice = {
  means: string;
  todo: string;
  /** False when the record must not, or can't, count by going through the log again. */
  canRetry: boolean;
};

const RETRY = '`bursar quarantine retry`';

const ADVICE = {
  empty: {
    means: 'The record has no value.',
    todo: 'Nothing can be counted from it: find out who writes to the topic, then discard it.',
    canRetry: false,
  },
  too_large: {
    means: 'The record is larger than any usage event.',
    todo: 'Find out who writes to the topic; if it is an emitter, its tags or names are too long. Discard it.',
    canRetry: false,
  },
  not_utf8: {
    means: 'The record is not text: another program writes to the topic, or compresses in a way of its own.',
    todo: 'Find out who writes to the topic, then discard it.',
    canRetry: false,
  },
  not_json: {
    means: 'The record is not JSON: another program writes to the topic, or it was damaged.',
    todo: 'Find out who writes to the topic, then discard it.',
    canRetry: true,
  },
  unknown_type: {
    means: 'The record is no event that this version knows; the emitter may be newer than the aggregator.',
    todo: `If the type is one of Bursar, upgrade the aggregator, then ${RETRY}; else discard it.`,
    canRetry: true,
  },
  invalid: {
    means: 'A field is missing, wrong or too long; the emitter may be newer than the aggregator.',
    todo: `Read the detail. Upgrade the aggregator if it is the older one, then ${RETRY} within the ten days in which an event can count; else mend the emitter and discard it.`,
    canRetry: true,
  },
  key_mismatch: {
    means:
      'The Kafka key or the subject of the record is not the API key that the event names: no emitter of Bursar does that.',
    todo: 'Find out who wrote it: somebody may charge requests to the key of another. Then discard it.',
    canRetry: true,
  },
  unsigned: {
    means: 'The policy says that this service signs its records, and this one is not signed: it may be from anybody.',
    todo: `Give the service its signing secret. If it was the service, take it out of events.require_signature for a moment, apply, and ${RETRY}; else discard it.`,
    canRetry: true,
  },
  wrong_signature: {
    means: 'No secret that the aggregator has of this service made the signature.',
    todo: `If the service has a newer secret, put it into the aggregator's folder of secrets, then ${RETRY}; else find out who wrote it, and discard it.`,
    canRetry: true,
  },
  no_secret: {
    means: 'The policy says that this service signs, and the aggregator has no secret to judge it by.',
    todo: `Put the secret of the service into the aggregator's folder of secrets (a file named like the service), then ${RETRY}.`,
    canRetry: true,
  },
  foreign_key: {
    means: 'The service used an API key that the policy gives to another service.',
    todo: `Find out how it got the key. If the use was right, give the key to this service in the policy, apply, and ${RETRY}; else discard it and rotate the key.`,
    canRetry: true,
  },
  foreign_emitter: {
    means: 'The record speaks as an emitter of another service, one that signs.',
    todo: 'Find out who wrote it: somebody may hide what that service lost. Then discard it.',
    canRetry: true,
  },
  unreadable_batch: {
    means: 'The batch around the record could not be unpacked, so nothing of the record is here.',
    todo: 'Find out which producer wrote it and how it compresses; what it held must be sent again from there. Then discard it.',
    canRetry: false,
  },
  id_not_v7: {
    means: 'The event id carries no time, so it can not be told whether it was counted before.',
    todo: 'Find out who makes such ids (no emitter of Bursar does), then discard it.',
    canRetry: true,
  },
  too_old: {
    means: 'The event is older than ids are remembered: it may have been counted long ago.',
    todo: 'It can not be sent again. Compare its day with the usage that Anthropic shows for the key, then discard it.',
    canRetry: false,
  },
  from_the_future: {
    means: "The event was made later than now by the emitter's clock.",
    todo: `Set the clock of that machine. Once the time of the event has come, ${RETRY}.`,
    canRetry: true,
  },
  implausible_time: {
    means: 'The time of the request does not fit the time at which its event was made: a clock was set in between.',
    todo: 'Compare that day with the usage that Anthropic shows for the key, then discard it.',
    canRetry: true,
  },
  implausible_usage: {
    means: 'The request claims more tokens than a request can have.',
    todo: 'Find out whether the emitter is ours and what it read, then discard it.',
    canRetry: true,
  },
} as const satisfies Readonly<Record<string, QuarantineAdvice>>;

/** Why a record is in quarantine; each has its advice. */
export type QuarantineReason = keyof typeof ADVICE;

/** Total: a reason that this version does not know can be tried again. */
export function quarantineAdvice(reason: string): QuarantineAdvice {
  if (Object.hasOwn(ADVICE, reason)) return ADVICE[reason as QuarantineReason];
  return {
    means: 'This version does not know the reason; the detail tells more.',
    todo: `Read the detail and remove the cause, then ${RETRY}; else discard it.`,
    canRetry: true,
  };
}
