import { createProducer } from '@bursar/bus/producer';
import { topics } from '@bursar/events/topics';
import { createAttemptStarter } from './attempt.ts';
import { createCallContexts } from './call-context.ts';
import { createDelivery } from './delivery.ts';
import { assertName, createEmitterIdentity, MeterOptionsError } from './emitter-identity.ts';
import { createFieldCleaner } from './field-cleaner.ts';
import { createKeyIdentities } from './key-identity.ts';
import { createLifecycle } from './lifecycle.ts';
import type { Meter, MeterOptions } from './meter-api.ts';
import { createMeterLedger } from './meter-ledger.ts';
import { createMetering } from './metering.ts';
import { createProblemReport } from './problem-report.ts';
import { createRecordSigner } from './record-signer.ts';
import { createUsageEvents } from './usage-event.ts';

const CLOSE_TIMEOUT_MS = 2_000;

/**
 * Meters the calls of Anthropic clients and sends a usage event for each attempt to Kafka.
 * Throws a MeterOptionsError when the options make no sense; after that nothing here ever throws into the caller,
 * waits on a request's path, or keeps the process alive.
 */
export function createMeter(options: MeterOptions): Meter {
  checkOptions(options);
  const report = createProblemReport(options.onProblem);
  const identity = createEmitterIdentity(options.service, options.instance);
  const sign =
    options.signingSecretFile === undefined ? undefined : createRecordSigner(options.signingSecretFile, report);
  const producer = createProducer({
    ...options.kafka,
    clientId: `bursar-emitter-${options.service}`,
    keepsProcessAlive: false,
  });
  const onFailure = (error: unknown) =>
    report('kafka_away', `Kafka does not take usage events (${messageOf(error)}); they wait in memory.`);
  const delivery = createDelivery(producer, topics(options.topicPrefix).usage.name, onFailure, sign);
  const ledger = createMeterLedger(delivery, report);
  const contexts = createCallContexts({ role: options.role });
  const usageEvent = createUsageEvents(identity, createFieldCleaner(ledger.fieldCleaned), options.role);
  const metering = createMetering({
    startAttempt: createAttemptStarter(contexts, createKeyIdentities(options.keyId)),
    record: (attempt, result, durationMs) =>
      ledger.record((position) => usageEvent(attempt, result, durationMs, position)),
    onDefect: (error) => report('defect', `The meter failed and a request may be uncounted: ${messageOf(error)}`),
  });
  const lifecycle = createLifecycle({ identity, delivery, ledger, metering, disconnect: producer.disconnect });
  return {
    middleware: metering.middleware,
    wrap: (client) =>
      client.middleware.includes(metering.middleware)
        ? client
        : client.withOptions({ middleware: [...client.middleware, metering.middleware] }),
    run: contexts.run,
    stats: () => ledger.stats(metering.openCount()),
    close: (timeoutMs = CLOSE_TIMEOUT_MS) => lifecycle.close(timeoutMs),
  };
}

function checkOptions({ service, role, kafka }: MeterOptions): void {
  assertName('service', service);
  assertName('role', role);
  if (!Array.isArray(kafka?.brokers) || kafka.brokers.length === 0) {
    throw new MeterOptionsError('createMeter: option "kafka.brokers" must name at least one broker, as host:port.');
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
