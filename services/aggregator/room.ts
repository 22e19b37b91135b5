/** Lets so much work be under way at a time, in the order in which it came. What is larger than all of the room gets all of it. */
export class Room {
  readonly #most: number;
  readonly #waiting: { size: number; enter: () => void }[] = [];
  #taken = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Waits for room; disposing of what is returned gives it back. */
  async take(size: number): Promise<Disposable> {
    const taken = Math.min(size, this.#most);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ size: taken, enter: resolve });
    this.#admit();
    await promise;
    return {
      [Symbol.dispose]: () => {
        this.#taken -= taken;
        this.#admit();
      },
    };
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#taken + next.size > this.#most) return;
      this.#taken += next.size;
      this.#waiting.shift();
      next.enter();
    }
  }
}
