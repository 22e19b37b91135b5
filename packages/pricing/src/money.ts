/** Pico-dollars in a dollar: money is `bigint` in units of 1e-12 USD, so every price per token is exact. */
export const PICO_PER_USD = 1_000_000_000_000n;

const DECIMAL_USD = /^(-?)(\d{1,18})(?:\.(\d{1,12}))?$/;

/**
 * Reads a plain decimal amount of US dollars, such as `0.25`, into pico-dollars.
 * @throws RangeError for anything else: signs other than `-`, exponents, separators, spaces, more than 12 decimals.
 */
export function parseUsd(text: string): bigint {
  const match = DECIMAL_USD.exec(text);
  if (!match)
    throw new RangeError(
      `"${text.slice(0, 60)}" is not an amount of USD; write digits with at most 12 decimals, such as 0.25.`,
    );
  const [, sign, whole = '0', fraction = ''] = match;
  const pico = BigInt(whole) * PICO_PER_USD + BigInt(fraction.padEnd(12, '0'));
  return sign ? -pico : pico;
}

/**
 * Writes pico-dollars as a decimal text of US dollars: exact, with 12 decimals, unless `decimals` (0–12) is given;
 * then rounded half to even, for people.
 */
export function formatUsd(pico: bigint, decimals = 12): string {
  if (!Number.isInteger(decimals) || decimals < 0 || decimals > 12)
    throw new RangeError(`decimals is ${decimals}; it can be 0 to 12.`);
  const magnitude = pico < 0n ? -pico : pico;
  const rounded = divideHalfEven(magnitude, 10n ** BigInt(12 - decimals));
  const digits = rounded.toString().padStart(decimals + 1, '0');
  const sign = pico < 0n && rounded > 0n ? '-' : '';
  const whole = digits.slice(0, digits.length - decimals);
  return decimals === 0 ? sign + whole : `${sign}${whole}.${digits.slice(-decimals)}`;
}

function divideHalfEven(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  const twiceRest = (value % divisor) * 2n;
  const up = twiceRest > divisor || (twiceRest === divisor && quotient % 2n === 1n);
  return up ? quotient + 1n : quotient;
}
