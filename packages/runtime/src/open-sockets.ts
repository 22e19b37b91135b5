import type { Socket } from 'node:net';
import type { Part } from './part.ts';

const FAREWELL_MS = 500;

/**
 * Every connection of a service to its servers, so that its end depends on none of them: a peer that has fallen silent neither answers
 * nor closes. Hand `add` to whatever opens connections and put `part` before all parts that use them.
 */
export class OpenSockets {
  readonly #open = new Set<Socket>();
  #isCut = false;

  readonly add = (socket: Socket): void => {
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
    if (this.#isCut) cut(socket);
  };

  /** Cuts what is open `cutAfterMs` after the service was told to stop, and at its end what is then still open. */
  part(cutAfterMs: number): Part {
    let timer: NodeJS.Timeout | undefined;
    return {
      name: 'connections',
      run: async (signal) => {
        if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        timer = setTimeout(() => this.#cutAll(), cutAfterMs);
      },
      stop: async () => {
        clearTimeout(timer);
        await this.#allClosed(FAREWELL_MS);
        this.#cutAll();
      },
    };
  }

  #cutAll(): void {
    this.#isCut = true;
    for (const socket of this.#open) cut(socket);
  }

  async #allClosed(timeoutMs: number): Promise<void> {
    const closed = [...this.#open].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, timeoutMs)));
    await Promise.race([Promise.all(closed), late]);
    clearTimeout(timer);
  }
}

function cut(socket: Socket): void {
  const because = () => new Error('cut: the service is stopping and the other side has not answered');
  // A socket that has not begun to connect would come to life again.
  socket.once('connect', () => socket.destroy(because()));
  socket.destroy(because());
}
