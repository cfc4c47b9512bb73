const DECIMAL = /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/;

/**
 * A number as the integer `value × 10^places`, taken from its decimal text, so that 0.075 with 6 places is exactly 75000;
 * what is beyond is rounded half up. Throws RangeError for what is negative or not finite.
 */
export function scaledDecimal(value: number, places: number): bigint {
  const match = DECIMAL.exec(String(value));
  if (match === null) throw new RangeError(`${value} is not a price`);
  const fraction = match[2] ?? '';
  const digits = BigInt(`${match[1] ?? '0'}${fraction}`);
  const shift = places - fraction.length + Number(match[3] ?? 0);
  if (shift >= 0) return digits * 10n ** BigInt(shift);
  return divideHalfUp(digits, 10n ** BigInt(-shift));
}

/** `dividend / divisor` of what is not negative, rounded half up. */
export function divideHalfUp(dividend: bigint, divisor: bigint): bigint {
  return (2n * dividend + divisor) / (2n * divisor);
}
