const FIRST_BYTES = 1 << 20;
/** PostgreSQL counts microseconds from 2000-01-01 UTC. */
const POSTGRES_EPOCH_MS = 946_684_800_000;
const TWO_TO_32 = 2 ** 32;
const NUMERIC_BASE = 10_000n;
const DIGITS_OF_BASE = 4;

/**
 * Values in the binary format of COPY, one after the other in one buffer that grows.
 * Source: PostgreSQL documentation, COPY, "Binary Format", and the send functions of the types.
 */
export class CopyBuffer {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;

  /** What was written so far. Valid until the next write. */
  written(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  header(): void {
    this.#write('PGCOPY\n\xff\r\n\0', 'latin1');
    this.#int32(0);
    this.#int32(0);
  }

  rowOf(fieldCount: number): void {
    this.#int16(fieldCount);
  }

  trailer(): void {
    this.#int16(-1);
  }

  null(): void {
    this.#int32(-1);
  }

  smallint(value: number): void {
    this.#int32(2);
    this.#int16(value);
  }

  int(value: number): void {
    this.#int32(4);
    this.#int32(value);
  }

  bigint(value: number | string): void {
    this.#int32(8);
    this.#int64(Number(value), () => BigInt(value));
  }

  boolean(value: boolean): void {
    this.#int32(1);
    const at = this.#room(1);
    this.#bytes[at] = value ? 1 : 0;
  }

  /** As 8-4-4-4-12 hexadecimal digits. */
  uuid(value: string): void {
    this.#int32(16);
    const at = this.#room(16);
    const written = this.#bytes.write(value.replaceAll('-', ''), at, 16, 'hex');
    if (written !== 16) throw new Error(`${value} is not a UUID`);
  }

  timestamptz(value: Date): void {
    this.#int32(8);
    const ms = value.getTime() - POSTGRES_EPOCH_MS;
    this.#int64(ms * 1_000, () => BigInt(ms) * 1_000n);
  }

  /** Text, and everything that PostgreSQL receives as text, such as the labels of an enum. */
  text(value: string): void {
    const mostBytes = value.length * 3;
    const lengthAt = this.#room(4 + mostBytes);
    const length = this.#bytes.write(value, lengthAt + 4, mostBytes, 'utf8');
    this.#bytes.writeInt32BE(length, lengthAt);
    this.#length = lengthAt + 4 + length;
  }

  /** A decimal text without an exponent, such as `-12.034500000000`. */
  numeric(value: string): void {
    const isNegative = value.startsWith('-');
    const [whole = '', fraction = ''] = value.slice(isNegative ? 1 : 0).split('.');
    const groups = Math.ceil(fraction.length / DIGITS_OF_BASE);
    let rest = BigInt(whole + fraction.padEnd(groups * DIGITS_OF_BASE, '0'));
    const digits: number[] = [];
    for (; rest > 0n; rest /= NUMERIC_BASE) digits.unshift(Number(rest % NUMERIC_BASE));
    this.#int32(8 + 2 * digits.length);
    this.#int16(digits.length);
    this.#int16(digits.length - groups - 1);
    this.#int16(isNegative && digits.length > 0 ? 0x4000 : 0);
    this.#int16(fraction.length);
    for (const digit of digits) this.#int16(digit);
  }

  #int16(value: number): void {
    const at = this.#room(2);
    this.#bytes.writeInt16BE(value, at);
  }

  #int32(value: number): void {
    const at = this.#room(4);
    this.#bytes.writeInt32BE(value, at);
  }

  /** Asks for the exact value only where a number can't hold it. */
  #int64(value: number, exactly: () => bigint): void {
    const at = this.#room(8);
    if (!Number.isSafeInteger(value)) {
      this.#bytes.writeBigInt64BE(exactly(), at);
      return;
    }
    const high = Math.floor(value / TWO_TO_32);
    this.#bytes.writeInt32BE(high, at);
    this.#bytes.writeUInt32BE(value - high * TWO_TO_32, at + 4);
  }

  #write(text: string, encoding: BufferEncoding): void {
    const at = this.#room(text.length);
    this.#bytes.write(text, at, encoding);
  }

  /** Makes room for so many bytes and returns where it begins. The buffer may be another one afterwards. */
  #room(bytes: number): number {
    const at = this.#length;
    if (at + bytes > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, at + bytes));
      this.#bytes.copy(larger, 0, 0, at);
      this.#bytes = larger;
    }
    this.#length = at + bytes;
    return at;
  }
}
