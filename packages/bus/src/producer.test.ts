import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { it } from 'node:test';
import type { KafkaLogLine } from './kafka-settings.ts';
import { createProducer } from './producer.ts';

const RECORD = { key: 'k', value: 'v' };

it('rejects when no broker listens, again and again, with its troubles told to the log alone', async () => {
  const lines: KafkaLogLine[] = [];
  const settings = { brokers: ['127.0.0.1:1'], clientId: 'test', keepsProcessAlive: false };
  const producer = createProducer(settings, (line) => {
    lines.push(line);
    throw new Error('a log that fails');
  });
  await assert.rejects(producer.connect(), /ECONNREFUSED|connect/i);
  for (let attempt = 0; attempt < 4; attempt++) await assert.rejects(producer.send('topic', [RECORD]));
  await producer.disconnect();
  assert.ok(lines.some(({ level, message }) => level === 'error' && /ECONNREFUSED/.test(message)));
});

it('rejects when a broker takes connections and never answers', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets: { destroy(): void }[] = [];
  server.on('connection', (socket) => sockets.push(socket));
  const { port } = server.address() as AddressInfo;
  const producer = createProducer({ brokers: [`127.0.0.1:${port}`], clientId: 'test' });
  const sending = producer.send('topic', [RECORD]);
  setTimeout(() => sockets.forEach((socket) => void socket.destroy()), 100);
  setTimeout(() => server.close(), 100);
  await assert.rejects(sending);
  await producer.disconnect();
});
