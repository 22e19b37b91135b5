/** One that may log in by a password, over TLS. */
export type KafkaUser = { readonly name: string; readonly password: string };

export type SecureSettings = {
  readonly address: string;
  readonly controllerAddress: string;
  /** PEM files: key and certificate of the broker in one, and the authority that signed it. */
  readonly keystoreFile: string;
  readonly truststoreFile: string;
  readonly admin: KafkaUser;
  /** Those that log in with SASL PLAIN; the broker knows them from its own settings, SCRAM users from its store. */
  readonly plainUsers: readonly KafkaUser[];
};

/**
 * What a broker needs beyond `serverSettings` so that every connection, the controller's too, is TLS with a login, and
 * that nobody may do what no ACL allows. The administrator alone stands above the ACLs.
 */
export function secureSettings(options: SecureSettings): Record<string, string> {
  const { address, controllerAddress, keystoreFile, truststoreFile, admin, plainUsers } = options;
  return {
    listeners: `CLIENT://${address},CONTROLLER://${controllerAddress}`,
    'advertised.listeners': `CLIENT://${address}`,
    'controller.quorum.voters': `1@${controllerAddress}`,
    'listener.security.protocol.map': 'CONTROLLER:SASL_SSL,CLIENT:SASL_SSL',
    'inter.broker.listener.name': 'CLIENT',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'sasl.mechanism.inter.broker.protocol': 'PLAIN',
    'sasl.mechanism.controller.protocol': 'PLAIN',
    'listener.name.controller.sasl.enabled.mechanisms': 'PLAIN',
    'listener.name.controller.plain.sasl.jaas.config': plainLogin(admin, []),
    'listener.name.client.plain.sasl.jaas.config': plainLogin(admin, plainUsers),
    'listener.name.client.scram-sha-256.sasl.jaas.config': SCRAM_LOGIN,
    'listener.name.client.scram-sha-512.sasl.jaas.config': SCRAM_LOGIN,
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': keystoreFile,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': truststoreFile,
    // Clients may show a certificate; who they are is told by their login. Kafka heeds it here under this name alone.
    'listener.name.client.ssl.client.auth': 'requested',
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'allow.everyone.if.no.acl.found': 'false',
    'super.users': `User:${admin.name}`,
  };
}

const SCRAM_LOGIN = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';

/** As whom the broker logs in to itself, and everybody whom it lets in. */
function plainLogin(admin: KafkaUser, users: readonly KafkaUser[]): string {
  const known = [admin, ...users].map(({ name, password }) => `user_${name}="${password}"`).join(' ');
  return (
    'org.apache.kafka.common.security.plain.PlainLoginModule required ' +
    `username="${admin.name}" password="${admin.password}" ${known};`
  );
}
