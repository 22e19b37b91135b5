/** Bytes that grow up to a bound, from literals and from repetitions of what is there. @throws RangeError beyond it. */
export class Inflated {
  readonly #most: number;
  #buffer: Buffer;
  #length = 0;

  constructor(guess: number, most: number) {
    this.#most = most;
    this.#buffer = Buffer.allocUnsafe(Math.min(guess, most));
  }

  get length(): number {
    return this.#length;
  }

  append(bytes: Buffer): void {
    this.#makeRoom(bytes.byteLength);
    bytes.copy(this.#buffer, this.#length);
    this.#length += bytes.byteLength;
  }

  /** Repeats what stands `distance` bytes back; the repetition may overlap itself. */
  repeat(distance: number, count: number): void {
    if (distance === 0 || distance > this.#length) throw new RangeError('a match points before the beginning');
    this.#makeRoom(count);
    for (let left = count; left > 0; ) {
      const step = Math.min(left, distance);
      const from = this.#length - distance;
      this.#buffer.copyWithin(this.#length, from, from + step);
      this.#length += step;
      left -= step;
    }
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #makeRoom(count: number): void {
    const needed = this.#length + count;
    if (needed > this.#most) throw new RangeError(`more than ${this.#most} bytes`);
    if (needed <= this.#buffer.byteLength) return;
    const larger = Buffer.allocUnsafe(Math.min(this.#most, Math.max(needed, this.#buffer.byteLength * 2)));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
