const NANO_DIGITS = 9;
const NANO = 10n ** BigInt(NANO_DIGITS);

/** Billionths of a dollar as dollars: `12.345678900`. Exact for whole numbers that their type holds exactly. */
export function usdText(nanoUsd: number | bigint): string {
  const nano = typeof nanoUsd === 'bigint' ? nanoUsd : BigInt(Math.round(nanoUsd));
  const size = nano < 0n ? -nano : nano;
  const fraction = String(size % NANO).padStart(NANO_DIGITS, '0');
  return `${nano < 0n ? '-' : ''}${size / NANO}.${fraction}`;
}

/** Dollars as billionths of them; undefined for what is no amount above 0 with at most nine decimals, or beyond 9 million. */
export function parseUsd(text: string): number | undefined {
  const [, whole = '', fraction = ''] = /^(\d{1,7})(?:\.(\d{1,9}))?$/.exec(text) ?? [];
  if (whole === '') return undefined;
  const nano = Number(BigInt(whole) * NANO + BigInt(fraction.padEnd(NANO_DIGITS, '0')));
  return nano > 0 && Number.isSafeInteger(nano) ? nano : undefined;
}
