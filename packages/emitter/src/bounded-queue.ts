/** First in, first out, bounded by count and by bytes. */
export class BoundedQueue<T> {
  readonly #maxCount: number;
  readonly #maxBytes: number;
  #entries: { readonly item: T; readonly bytes: number }[] = [];
  #head = 0;
  #bytes = 0;

  constructor(maxCount: number, maxBytes: number) {
    this.#maxCount = maxCount;
    this.#maxBytes = maxBytes;
  }

  get count(): number {
    return this.#entries.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** False when there is no room: the newest is refused, the oldest stay. */
  tryPush(item: T, bytes: number): boolean {
    if (this.count >= this.#maxCount || this.#bytes + bytes > this.#maxBytes) return false;
    this.#entries.push({ item, bytes });
    this.#bytes += bytes;
    return true;
  }

  /** The oldest items, at most so many and so many bytes (but always one where there is one); they stay in the queue. */
  peek(maxCount: number, maxBytes: number): T[] {
    const items: T[] = [];
    let bytes = 0;
    for (let index = this.#head; index < this.#entries.length && items.length < maxCount; index++) {
      const entry = this.#entries[index]!;
      bytes += entry.bytes;
      if (items.length > 0 && bytes > maxBytes) break;
      items.push(entry.item);
    }
    return items;
  }

  /** Removes the oldest `count` items. */
  remove(count: number): void {
    for (const entry of this.#entries.slice(this.#head, this.#head + count)) this.#bytes -= entry.bytes;
    this.#head = Math.min(this.#head + count, this.#entries.length);
    if (this.#head * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }
}
