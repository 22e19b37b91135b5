import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { OpenSockets } from './open-sockets.ts';

const CUT_AFTER_MS = 4_000;

/** A socket as a link leaves it on which nobody answers: open, for ever. */
function silentSocket(sockets: OpenSockets): Socket {
  const socket = new Socket().on('error', () => {});
  sockets.add(socket);
  return socket;
}

async function toldToStop(part: ReturnType<OpenSockets['part']>): Promise<void> {
  const stop = new AbortController();
  const running = part.run!(stop.signal);
  stop.abort();
  await running;
}

test('what nobody answers on is cut when its time is over, not before', async ({ mock }) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const sockets = new OpenSockets();
  const socket = silentSocket(sockets);
  await toldToStop(sockets.part(CUT_AFTER_MS));
  mock.timers.tick(CUT_AFTER_MS - 1);
  assert.equal(socket.destroyed, false);
  mock.timers.tick(1);
  assert.equal(socket.destroyed, true);
});

test('what is opened after that is cut at once, also by a retry that is under way', async ({ mock }) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const sockets = new OpenSockets();
  await toldToStop(sockets.part(CUT_AFTER_MS));
  mock.timers.tick(CUT_AFTER_MS);
  assert.equal(silentSocket(sockets).destroyed, true);
});

test('the end of the service cuts what is then open, and waits for nothing when nothing is', async ({ mock }) => {
  const sockets = new OpenSockets();
  const socket = silentSocket(sockets);
  mock.timers.enable({ apis: ['setTimeout'] });
  const stopping = sockets.part(CUT_AFTER_MS).stop!();
  mock.timers.tick(CUT_AFTER_MS);
  await stopping;
  assert.equal(socket.destroyed, true);
  await new OpenSockets().part(CUT_AFTER_MS).stop!();
});
