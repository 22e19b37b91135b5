import type { Middleware } from '@anthropic-ai/sdk';
import type { CallContext } from './call-context.ts';
import type { MeterProblem } from './problem-report.ts';

/** Where Kafka is and how to log in. */
export type KafkaConnection = {
  /** `host:port`, at least one. */
  readonly brokers: readonly string[];
  /** `true` trusts the authorities that Node trusts; PEM texts name another one, and a certificate to show (mTLS). */
  readonly ssl?: boolean | { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  };
};

export type MeterOptions = {
  /** The service's name in policy and ledger. */
  readonly service: string;
  /** The role of calls that name none. */
  readonly role: string;
  readonly kafka: KafkaConnection;
  /** Default `bursar`. */
  readonly topicPrefix?: string;
  /** Tells the processes of a service apart. Default: host name and process id. */
  readonly instance?: string;
  /** Anthropic's id (`apikey_…`) of the key this process starts with, if known. */
  readonly keyId?: string;
  /** A file with the secret that signs this service's records: at least 32 bytes of text in its first line. */
  readonly signingSecretFile?: string;
  /** Hears of trouble of the meter itself, each kind at most once a minute. */
  readonly onProblem?: (problem: MeterProblem) => void;
};

export type MeterStats = {
  /** Usage events made; equal to the highest sequence number, and to sent + pending + dropped. */
  readonly recorded: number;
  /** Acknowledged by Kafka. */
  readonly sent: number;
  /** Events that wait for Kafka. */
  readonly pending: number;
  /** Answers whose body is still being read: their events are to come. */
  readonly open: number;
  /** Events given up, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Fields that were cut or left out because the event schema would have refused them. */
  readonly cleanedFields: number;
};

/** Every client of the official SDK, those for other clouds too. */
export type MeterableClient<Client> = {
  readonly middleware: readonly Middleware[];
  withOptions(options: { middleware: readonly Middleware[] }): Client;
};

export type Meter = {
  /** For `new Anthropic({ middleware: [..., meter.middleware] })`; put it last. */
  readonly middleware: Middleware;
  /** A client like the given one, metered. Metering a metered client again changes nothing. */
  wrap<Client extends MeterableClient<Client>>(client: Client): Client;
  /** Every call that `work` makes, directly or later, carries `context` unless the call itself says otherwise. */
  run<T>(context: CallContext, work: () => T): T;
  stats(): MeterStats;
  /** Sends what is pending, says goodbye and disconnects, within `timeoutMs` (default 2,000). Never rejects. */
  close(timeoutMs?: number): Promise<void>;
};
