/**
 * Whether the broker can serve consumer groups. It logs that it has started before its group coordinators exist; a
 * client that gives up within a second would fail in between. Two requests of Kafka's protocol answer it, written by
 * hand because only packages/bus knows a Kafka client.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const FIND_COORDINATOR = { key: 10, version: 1 };
const OFFSET_FETCH = { key: 9, version: 2 };
const NO_ERROR = 0;
// These ids fall on four neighbouring coordinators, one on each of the four that our brokers have.
const GROUPS = ['a', 'b', 'c', 'd'];

/** True when the coordinator of every group can be found and has loaded its offsets. Throws when nothing answers. */
export async function coordinatorsReady(broker: string): Promise<boolean> {
  const [host, port] = broker.split(':');
  const socket = connect({ host: host!, port: Number(port), timeout: 5_000 });
  socket.on('timeout', () => socket.destroy(new Error(`${broker} did not answer within 5 s`)));
  socket.on('end', () => socket.destroy(new Error(`${broker} closed the connection`)));
  try {
    await once(socket, 'connect');
    for (const group of GROUPS) {
      const found = await ask(socket, FIND_COORDINATOR, [text(group), Buffer.of(0)]);
      if (found.readInt16BE(8) !== NO_ERROR) return false;
      const offsets = await ask(socket, OFFSET_FETCH, [text(group), int32(-1)]);
      // Without committed offsets: correlation id, an empty list of topics, the error.
      if (offsets.readInt16BE(8) !== NO_ERROR) return false;
    }
    return true;
  } finally {
    socket.destroy();
  }
}

/** Resolves once it is true; a broker that is not reachable yet is asked again. Throws after `timeoutMs`. */
export async function waitForCoordinators(broker: string, timeoutMs = 30_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await coordinatorsReady(broker).catch(() => false))) {
    if (performance.now() > deadline)
      throw new Error(`the group coordinators of ${broker} were not ready after ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** Sends one request and returns its answer from the correlation id on. */
async function ask(socket: Socket, api: { key: number; version: number }, body: Buffer[]): Promise<Buffer> {
  const correlationId = int32(1);
  const request = Buffer.concat([int16(api.key), int16(api.version), correlationId, text('bursar-probe'), ...body]);
  socket.write(Buffer.concat([int32(request.length), request]));
  let answer = Buffer.alloc(0);
  while (answer.length < 4 || answer.length < 4 + answer.readInt32BE(0)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    answer = Buffer.concat([answer, chunk]);
  }
  return answer.subarray(4);
}

function text(value: string): Buffer {
  return Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)]);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
