export type LocalConfig = {
  /** Servers that exist already and are only used, never started or stopped. */
  readonly given: { readonly kafkaBrokers?: string; readonly databaseUrl?: string };
  readonly docker: 'auto' | 'never';
};

/** What the environment says about Kafka and PostgreSQL: `KAFKA_BROKERS`, `DATABASE_URL`, `BURSAR_DOCKER=never`. */
export function readLocalConfig(env: NodeJS.ProcessEnv = process.env): LocalConfig {
  return {
    given: {
      ...(env['KAFKA_BROKERS'] ? { kafkaBrokers: env['KAFKA_BROKERS'] } : {}),
      ...(env['DATABASE_URL'] ? { databaseUrl: env['DATABASE_URL'] } : {}),
    },
    docker: env['BURSAR_DOCKER'] === 'never' ? 'never' : 'auto',
  };
}

/** `JAVA_HOME` decides which Java runs the broker, as everywhere in the Java world; without it the one in PATH does. */
export function readJavaHome(env: NodeJS.ProcessEnv = process.env): string | undefined {
  return env['JAVA_HOME'] || undefined;
}

/** The environment of a service that we start: what programs need to run, without anything that configures Bursar. */
export function bareEnvironment(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'NODE_EXTRA_CA_CERTS'].flatMap((name) =>
    env[name] ? [[name, env[name]] as const] : [],
  );
  return Object.fromEntries(kept);
}
