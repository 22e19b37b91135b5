import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { HeldBytes } from './fault-proxy-delay.ts';

/** What is wrong with a link, in both directions. Nothing named is nothing wrong. */
export type LinkFaults = {
  /** Each byte arrives so much later, and up to `jitterMs` more; order is kept. */
  readonly latencyMs?: number;
  readonly jitterMs?: number;
  /** Of each connection and direction. */
  readonly bytesPerSecond?: number;
  /** The most that is handed over at once, a moment apart. */
  readonly sliceBytes?: number;
  /** Connections are accepted and nothing passes, not even their end. They are reset once the fault is over. */
  readonly blackhole?: boolean;
  /** A connection is reset in mid-stream once so many bytes have passed since this was set. */
  readonly cutAfterBytes?: number;
};

export type FaultProxy = {
  /** `host:port` for clients. */
  readonly address: string;
  /** Replaces what is wrong, for open connections and for new ones; `{}` heals. */
  set(faults: LinkFaults): void;
  /** Resets every open connection (RST). Returns how many. */
  reset(): number;
  /** Ends the server's direction of every open connection: clients read an end and may still write. Returns how many. */
  halfClose(): number;
  readonly openConnections: number;
  close(): Promise<void>;
} & AsyncDisposable;

const LOOPBACK = '127.0.0.1';
const SLICE_PAUSE_MS = 1;

/** A TCP proxy on a free loopback port whose link to `target()` (`host:port`) can be made bad at run time. */
export async function startFaultProxy(target: () => string): Promise<FaultProxy> {
  let faults: LinkFaults = {};
  const links = new Set<Link>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const link = new Link(client, target(), () => faults);
    links.add(link);
    link.closed.then(() => links.delete(link));
  });
  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  const close = async () => {
    for (const link of links) link.reset();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return {
    address: `${LOOPBACK}:${(server.address() as AddressInfo).port}`,
    set(next) {
      for (const link of links) link.changed(faults, next);
      faults = next;
    },
    reset: () => eachOf(links, (link) => link.reset()),
    halfClose: () => eachOf(links, (link) => link.halfClose()),
    get openConnections() {
      return links.size;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function eachOf(links: Set<Link>, act: (link: Link) => void): number {
  const open = [...links];
  open.forEach(act);
  return open.length;
}

/** One client's connection and the one to the server behind it. */
class Link {
  readonly closed: Promise<void>;
  readonly #client: Socket;
  readonly #server: Socket;
  #passedBytes = 0;
  #answersEnded = false;

  constructor(client: Socket, target: string, faults: () => LinkFaults) {
    const [host, port] = target.split(':');
    this.#client = client;
    this.#server = connect({ host: host!, port: Number(port), allowHalfOpen: true, noDelay: true });
    const ends = [client, this.#server].map((socket) => new Promise<void>((resolve) => socket.once('close', resolve)));
    this.closed = Promise.all(ends).then(() => {});
    // One side that is reset, or a server that refuses, is a reset for the other side too.
    for (const socket of [client, this.#server]) socket.on('error', () => this.reset());
    void this.#carry(client, this.#server, faults);
    void this.#carry(this.#server, client, faults);
  }

  reset(): void {
    this.#client.resetAndDestroy();
    this.#server.resetAndDestroy();
  }

  halfClose(): void {
    this.#answersEnded = true;
    this.#client.end();
  }

  changed(before: LinkFaults, after: LinkFaults): void {
    this.#passedBytes = 0;
    if (before.blackhole && !after.blackhole) this.reset();
  }

  async #carry(from: Socket, to: Socket, faults: () => LinkFaults): Promise<void> {
    const held = new HeldBytes(from, faults);
    for await (const chunk of held.inTime()) {
      const { sliceBytes = chunk.length, bytesPerSecond, cutAfterBytes = Number.POSITIVE_INFINITY } = faults();
      for (let start = 0; start < chunk.length; start += sliceBytes) {
        const slice = chunk.subarray(start, start + sliceBytes);
        if (bytesPerSecond) await sleep((slice.length / bytesPerSecond) * 1_000);
        else if (start > 0) await sleep(SLICE_PAUSE_MS);
        if (to.destroyed) return;
        if (!(to === this.#client && this.#answersEnded) && !to.write(slice)) await this.#drained(to);
        this.#passedBytes += slice.length;
        if (this.#passedBytes > cutAfterBytes) return this.reset();
      }
    }
    if (!to.destroyed) to.end();
  }

  async #drained(socket: Socket): Promise<void> {
    await Promise.race([once(socket, 'drain'), this.closed]).catch(() => {});
  }
}
