import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { eventually } from '../../infra/local/eventually.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';

/** A server that sends back what it reads, and a proxy before it. */
async function proxiedEcho() {
  const onExit = new AsyncDisposableStack();
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onExit.defer(() => void server.close());
  const proxy = onExit.use(await startFaultProxy(() => `127.0.0.1:${(server.address() as AddressInfo).port}`));
  return { proxy, sockets, [Symbol.asyncDispose]: () => onExit.disposeAsync() };
}

/** A connection through the proxy, with what it has read and how it ended. */
async function client(proxy: FaultProxy) {
  const [host, port] = proxy.address.split(':');
  const socket = connect({ host: host!, port: Number(port), allowHalfOpen: true });
  const seen = { bytes: Buffer.alloc(0), chunks: 0, ended: false, error: '' };
  socket.on('data', (chunk: Buffer) => {
    seen.bytes = Buffer.concat([seen.bytes, chunk]);
    seen.chunks++;
  });
  socket.on('end', () => {
    seen.ended = true;
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    seen.error = error.code ?? error.message;
  });
  await once(socket, 'connect');
  return { socket, seen, [Symbol.asyncDispose]: async () => void socket.destroy() };
}

test('a sound link passes every byte in order, and the end of each direction by itself', async () => {
  await using echo = await proxiedEcho();
  await using one = await client(echo.proxy);
  const sent = randomBytes(3_000_000);
  one.socket.end(sent);
  await eventually('the answer has ended', () => one.seen.ended);
  assert.ok(one.seen.bytes.equals(sent));
});

test('latency, jitter, a narrow band and slices delay and cut up what passes; they lose and reorder nothing', async () => {
  await using echo = await proxiedEcho();
  await using one = await client(echo.proxy);
  echo.proxy.set({ latencyMs: 5, jitterMs: 20, sliceBytes: 700, bytesPerSecond: 400_000 });
  const sent = randomBytes(20_000);
  for (let start = 0; start < sent.length; start += 1_000) one.socket.write(sent.subarray(start, start + 1_000));
  one.socket.end();
  await eventually('the answer has ended', () => one.seen.ended);
  assert.ok(one.seen.bytes.equals(sent));
  assert.ok(one.seen.chunks > 10, `it came in ${one.seen.chunks} pieces`);
});

test('a reset ends open connections with an error on both sides, and new ones work', async () => {
  await using echo = await proxiedEcho();
  await using one = await client(echo.proxy);
  await eventually('the server has the connection', () => echo.sockets.size === 1);
  const atServer = [...echo.sockets][0]!;
  const reset = once(atServer, 'error').catch((error: NodeJS.ErrnoException) => [error]);
  assert.equal(echo.proxy.reset(), 1);
  await eventually('the client is reset', () => one.seen.error === 'ECONNRESET');
  assert.equal(((await reset)[0] as NodeJS.ErrnoException).code, 'ECONNRESET');
  await using two = await client(echo.proxy);
  two.socket.write('again');
  await eventually('the new connection answers', () => two.seen.bytes.toString() === 'again');
});

test('in a black hole connections are accepted and nothing comes back; its end resets them', async () => {
  await using echo = await proxiedEcho();
  echo.proxy.set({ blackhole: true });
  await using one = await client(echo.proxy);
  one.socket.write('is anybody there?');
  one.socket.end();
  await eventually('the server has the connection', () => echo.sockets.size === 1);
  [...echo.sockets][0]!.write('from the server');
  await using other = await client(echo.proxy);
  assert.deepEqual({ ...one.seen, bytes: one.seen.bytes.length }, { bytes: 0, chunks: 0, ended: false, error: '' });
  echo.proxy.set({});
  await eventually('the connections of the black hole are reset', () => other.seen.error === 'ECONNRESET');
  assert.equal(one.seen.bytes.length, 0);
  await eventually('none is left', () => echo.proxy.openConnections === 0);
});

test('a half-closed link ends for the reader, who can still write', async () => {
  await using echo = await proxiedEcho();
  await using one = await client(echo.proxy);
  await eventually('the server has the connection', () => echo.sockets.size === 1);
  const written: Buffer[] = [];
  [...echo.sockets][0]!.on('data', (chunk: Buffer) => written.push(chunk));
  assert.equal(echo.proxy.halfClose(), 1);
  await eventually('the client reads the end', () => one.seen.ended);
  for (const text of ['still ', 'here']) {
    one.socket.write(text);
    await eventually('the server reads on', () => Buffer.concat(written).toString().endsWith(text));
  }
  assert.equal(one.seen.bytes.length, 0);
});

test('a connection is cut in the middle once it has carried so many bytes', async () => {
  await using echo = await proxiedEcho();
  await using one = await client(echo.proxy);
  echo.proxy.set({ cutAfterBytes: 10_000, sliceBytes: 1_000 });
  one.socket.write(randomBytes(40_000));
  await eventually('the connection is cut', () => one.seen.error === 'ECONNRESET');
  assert.ok(one.seen.bytes.length < 40_000);
});

test('a server that refuses is a reset for the client', async () => {
  await using proxy = await startFaultProxy(() => '127.0.0.1:1');
  const [host, port] = proxy.address.split(':');
  const socket = connect({ host: host!, port: Number(port) });
  const [error] = (await once(socket, 'error').catch((reason) => [reason])) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNRESET');
});
