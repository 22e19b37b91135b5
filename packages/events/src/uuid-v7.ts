import { randomFillSync } from 'node:crypto';

/** A clock that was set back by more is followed: ids far in the future would be refused as implausible. */
const CLOCK_STEP_MS = 10_000;

const pool = new Uint8Array(4096);
let used = pool.length;
let lastMs = 0;
let sequence = 0;

/** A UUIDv7 (RFC 9562 §5.7): milliseconds, then a counter that rises within the millisecond, then randomness. */
export function uuidV7(nowMs: number): string {
  if (used + 8 > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  if (nowMs > lastMs || nowMs < lastMs - CLOCK_STEP_MS) {
    lastMs = nowMs;
    sequence = ((pool[used]! << 8) | pool[used + 1]!) & 0x7ff;
  } else if (++sequence > 0xfff) {
    lastMs++;
    sequence = 0;
  }
  const time = lastMs.toString(16).padStart(12, '0');
  const counter = (0x7000 | sequence).toString(16);
  const tail = Buffer.from(pool.buffer, used, 8);
  used += 8;
  const random = tail.toString('hex');
  const variant = ((Number.parseInt(random[0]!, 16) & 0x3) | 0x8).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-${counter}-${variant}${random.slice(1, 4)}-${random.slice(4)}`;
}

/** The milliseconds since 1970 in a UUIDv7, or undefined when the id is of another version. */
export function uuidV7TimeMs(id: string): number | undefined {
  if (id.length !== 36 || id[14] !== '7') return undefined;
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
