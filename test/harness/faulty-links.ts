import { stackAddresses } from './config.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';

/** A service whose ways to Kafka and Postgres can be made bad: two proxies and the environment that leads through them. */
export type FaultyLinks = {
  readonly kafka: FaultProxy;
  readonly postgres: FaultProxy;
  readonly env: Record<string, string>;
} & AsyncDisposable;

/** @param env of the service; its `DATABASE_URL` must lead to the stack's Postgres. */
export async function startFaultyLinks(env: Record<string, string>): Promise<FaultyLinks> {
  const onExit = new AsyncDisposableStack();
  const broker = (await stackAddresses()).kafkaBrokers;
  const url = new URL(env['DATABASE_URL']!);
  const server = url.host;
  const kafka = onExit.use(await startFaultProxy(() => broker));
  const postgres = onExit.use(await startFaultProxy(() => server));
  url.host = postgres.address;
  return {
    kafka,
    postgres,
    env: { ...env, DATABASE_URL: url.href, NODE_OPTIONS: `--import ${leading(broker, kafka.address)}` },
    [Symbol.asyncDispose]: () => onExit.disposeAsync(),
  };
}

/** The broker tells clients its own address, past any proxy; here each connection to it is led to the proxy. */
function leading(broker: string, proxy: string): string {
  const code = `
    import net from 'node:net';
    import { syncBuiltinESMExports } from 'node:module';
    const { connect } = net;
    net.connect = (to, ...more) =>
      to.host + ':' + to.port === '${broker}' ? connect({ ...to, host: '${proxy.split(':')[0]}', port: ${proxy.split(':')[1]} }, ...more) : connect(to, ...more);
    syncBuiltinESMExports();`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}
