import { connect } from 'node:net';

/** Throws unless something accepts connections at one of the brokers, given as `host:port,host:port`. */
export async function checkBrokersAnswer(brokers: string): Promise<void> {
  const reasons: string[] = [];
  for (const broker of brokers.split(',').map((entry) => entry.trim())) {
    const reason = await refusal(broker);
    if (reason === undefined) return;
    reasons.push(`${broker}: ${reason}`);
  }
  throw new Error(`no broker of KAFKA_BROKERS answers (${reasons.join('; ')}). Start it, or unset KAFKA_BROKERS.`);
}

function refusal(broker: string): Promise<string | undefined> {
  const colon = broker.lastIndexOf(':');
  const [host, port] = [broker.slice(0, colon), Number(broker.slice(colon + 1))];
  if (colon < 1 || !(port > 0)) return Promise.resolve('not of the form host:port');
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 3_000 });
    const end = (reason: string | undefined) => {
      socket.destroy();
      resolve(reason);
    };
    socket.once('connect', () => end(undefined));
    socket.once('timeout', () => end('no answer within 3 s'));
    socket.once('error', (error) => end(error.message || 'refused'));
  });
}
