import { parseArgs } from 'node:util';
import { kafkaFromEnvironment } from '@bursar/bus/kafka-environment';
import type { KafkaSettings } from '@bursar/bus/kafka-settings';
import { PRINCIPALS, type Principals } from './access.ts';

export const HELP = `node infra/kafka/secure.ts [options]: makes Bursar's topics and the ACLs of everybody who needs them.

  --emitter NAME      who sends usage; again for each service with a login of its own (${PRINCIPALS.emitters})
  --guard NAME        who reads what keys may do; again for each (${PRINCIPALS.guards})
  --aggregator NAME   (${PRINCIPALS.aggregator})
  --revoker NAME      (${PRINCIPALS.revoker})
  --dry-run           only show what would be allowed

NAME is what a client logs in as: the SASL user, or the certificate's name like CN=search. The way to Kafka comes from
KAFKA_BROKERS, KAFKA_TLS, KAFKA_CA_FILE, KAFKA_SASL_MECHANISM, KAFKA_USERNAME, KAFKA_PASSWORD(_FILE), for a login that may
make topics and ACLs; the first word of the topics from BURSAR_TOPIC_PREFIX (bursar).
`;

export type SecureConfig = {
  readonly kafka: KafkaSettings;
  readonly topicPrefix: string;
  readonly principals: Principals;
  readonly isDryRun: boolean;
};

/** What to do, from arguments and environment; undefined when help was asked for. Throws with one sentence for wrong ones. */
export function readConfig(
  args: readonly string[] = process.argv.slice(2),
  env: NodeJS.ProcessEnv = process.env,
): SecureConfig | undefined {
  const name = { type: 'string' } as const;
  const names = { type: 'string', multiple: true } as const;
  const flag = { type: 'boolean' } as const;
  const options = { emitter: names, guard: names, aggregator: name, revoker: name, 'dry-run': flag, help: flag };
  const { values } = parseArgs({ args: [...args], options });
  if (values.help) return undefined;
  return {
    kafka: { ...kafkaFromEnvironment(env), clientId: 'bursar-secure' },
    topicPrefix: env['BURSAR_TOPIC_PREFIX'] || 'bursar',
    principals: {
      emitters: values.emitter ?? PRINCIPALS.emitters,
      guards: values.guard ?? PRINCIPALS.guards,
      aggregator: values.aggregator ?? PRINCIPALS.aggregator,
      revoker: values.revoker ?? PRINCIPALS.revoker,
    },
    isDryRun: values['dry-run'] ?? false,
  };
}
