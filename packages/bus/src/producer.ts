import kafkajs, { type Producer as KafkajsProducer, type Message } from 'kafkajs';
import { explainKafkaError } from './explain-error.ts';
import { createKafka, type KafkaLogLine, type KafkaSettings } from './kafka-settings.ts';

/** More records at once block the event loop for more than 7 ms. */
const MAX_RECORDS_PER_SEND = 200;

/** kafkajs keeps a topic that vanished in its metadata and then fails every send; a new client forgets it. */
const FAILURES_BEFORE_NEW_CLIENT = 3;

/** Longer than kafkajs itself tries, so that it speaks up only when kafkajs doesn't. */
const SEND_TIMEOUT_MS = 10_000;

export type RecordOut = {
  /** Null: any partition. */
  readonly key: string | null;
  /** Null deletes the key from a compacted topic. */
  readonly value: string | Buffer | null;
  readonly headers?: Readonly<Record<string, string | string[]>>;
};

/** A send that neither succeeded nor failed in time; it may still arrive. */
export class KafkaSilentError extends Error {
  override readonly name = 'KafkaSilentError';
}

export type Producer = {
  /** Opens the connection. Optional: the first `send` does it too. Rejects when no broker answers. */
  connect(): Promise<void>;
  /**
   * Resolves when all in-sync replicas have every record; order within a key is kept.
   * A rejection means "perhaps some of it": send again, readers drop repeats by event id.
   */
  send(topic: string, records: readonly RecordOut[]): Promise<void>;
  disconnect(): Promise<void>;
};

/**
 * A producer for all replicas' acknowledgement, without compression and without Kafka's idempotence:
 * that of kafkajs loses messages under concurrent sends (tulios/kafkajs#1005), and event ids make repeats harmless.
 */
export function createProducer(settings: KafkaSettings, onLog?: (line: KafkaLogLine) => void): Producer {
  let client = newClient(settings, onLog);
  let connecting: Promise<void> | undefined;
  let failures = 0;

  function connect(): Promise<void> {
    connecting ??= client.connect().catch((error: unknown) => {
      connecting = undefined;
      throw explainKafkaError(error, settings);
    });
    return connecting;
  }

  function replaceClient(): void {
    client.disconnect().catch(() => undefined);
    client = newClient(settings, onLog);
    connecting = undefined;
    failures = 0;
  }

  async function sendAll(topic: string, records: readonly RecordOut[]): Promise<void> {
    await connect();
    const connected = client;
    for (let start = 0; start < records.length; start += MAX_RECORDS_PER_SEND) {
      const messages = records.slice(start, start + MAX_RECORDS_PER_SEND).map(messageOf);
      await connected.send({ topic, messages, acks: -1 });
    }
  }

  async function send(topic: string, records: readonly RecordOut[]): Promise<void> {
    try {
      await within(SEND_TIMEOUT_MS, sendAll(topic, records));
      failures = 0;
    } catch (error) {
      failures++;
      if (failures >= FAILURES_BEFORE_NEW_CLIENT || error instanceof KafkaSilentError) replaceClient();
      throw explainKafkaError(error, settings, topic);
    }
  }

  return { connect, send, disconnect: () => client.disconnect() };
}

function newClient(settings: KafkaSettings, onLog: ((line: KafkaLogLine) => void) | undefined): KafkajsProducer {
  return createKafka(settings, onLog).producer({
    allowAutoTopicCreation: false,
    idempotent: false,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
}

function within(timeoutMs: number, work: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const expire = () => reject(new KafkaSilentError(`Kafka did not answer within ${timeoutMs} ms.`));
    const timer = setTimeout(expire, timeoutMs).unref();
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function messageOf({ key, value, headers }: RecordOut): Message {
  return headers === undefined ? { key, value } : { key, value, headers: { ...headers } };
}
