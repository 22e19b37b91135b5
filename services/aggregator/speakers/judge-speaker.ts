import type { KafkaRecord } from '@bursar/bus/partition-loop';
import type { EmitterEvent, UsageEvent } from '@bursar/events/cloudevent';
import type { QuarantineReason } from '@bursar/events/quarantine-reason';
import { checkSignature, type SignatureCheck } from '@bursar/events/record-signature';
import type { KeyOwners } from './key-owners.ts';

export type RefusalReason = Extract<
  QuarantineReason,
  'unsigned' | 'wrong_signature' | 'no_secret' | 'foreign_key' | 'foreign_emitter'
>;
export type Refusal = { reason: RefusalReason; detail: string };

/** What a record says; of one that can't be read as a whole only by whom. */
export type Said =
  | UsageEvent
  | EmitterEvent
  | { type: 'illegible'; data: { service: string; emitter: { id: string } } };

/** Whether a record counts as what its service says; undefined when it does. */
export type MayCount = (record: KafkaRecord, said: Said) => Refusal | undefined;

export type SpeakerRules = {
  mustSign(service: string): boolean;
  /** The services of the policy's keys that must sign. */
  signing: ReadonlySet<string>;
  /** The secrets of each service that has some. */
  secrets: ReadonlyMap<string, readonly string[]>;
  owners: KeyOwners;
  /** Hears of each signature that was looked at. */
  onChecked(service: string, check: SignatureCheck): void;
};

/** Judges a record by who says it: its signature, then whose emitter and whose key it speaks of. Keeps nothing. */
export function judgeSpeaker(rules: SpeakerRules, ...[record, event]: Parameters<MayCount>): Refusal | undefined {
  return wrongSignature(rules, record, event) ?? foreignEmitter(rules, event) ?? foreignKey(rules, event);
}

function wrongSignature(rules: SpeakerRules, ...[record, event]: Parameters<MayCount>): Refusal | undefined {
  const { service } = event.data;
  const secrets = rules.secrets.get(service);
  const check = secrets && checkSignature(record, secrets);
  if (check !== undefined) rules.onChecked(service, check);
  if (check === 'valid' || !rules.mustSign(service)) return undefined;
  if (check === undefined) return { reason: 'no_secret', detail: `${service} must sign, and no secret of it is here` };
  if (check === 'missing') return { reason: 'unsigned', detail: `${service} must sign, and the record is unsigned` };
  return { reason: 'wrong_signature', detail: `no secret of ${service} made this signature` };
}

/** An emitter is named `<service>/<instance>`: nobody else may fill or close the sequence of a service that signs. */
function foreignEmitter({ signing }: SpeakerRules, { data }: Said): Refusal | undefined {
  const named = data.emitter.id.split('/', 1)[0]!;
  if (named === data.service || !signing.has(named)) return undefined;
  return { reason: 'foreign_emitter', detail: `${data.service} speaks as ${data.emitter.id}, an emitter of ${named}` };
}

function foreignKey({ owners, mustSign }: SpeakerRules, event: Said): Refusal | undefined {
  if (event.type !== 'dev.bursar.usage.v1') return undefined;
  const { service, key } = event.data;
  const owner = owners.otherOwnerOf(key, service);
  if (owner === undefined || !(mustSign(service) || mustSign(owner))) return undefined;
  return { reason: 'foreign_key', detail: `${service} claims the key ${key.hint}, which the policy gives to ${owner}` };
}
