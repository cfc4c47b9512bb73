const DURATION_PARTS = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/gy;
const DURATION_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZE = /^(\d+(?:\.\d+)?)\s*(B|k|K|M|G|Ki|Mi|Gi|KB|MB|GB|KiB|MiB|GiB)?$/;
const SIZE_BYTES: Record<string, number> = { B: 1, K: 1e3, M: 1e6, G: 1e9, KI: 1024, MI: 1024 ** 2, GI: 1024 ** 3 };

/** Milliseconds of a Go-style duration such as `1h30m`, `20s`, `100ms`, `0s`; undefined when it is not one. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  DURATION_PARTS.lastIndex = 0;
  let total = 0;
  let end = 0;
  for (let part = DURATION_PARTS.exec(text); part !== null; part = DURATION_PARTS.exec(text)) {
    total += Number(part[1]) * (DURATION_MS[part[2] ?? ''] ?? 0);
    end = DURATION_PARTS.lastIndex;
  }
  return end === text.length && end > 0 ? total : undefined;
}

/** Bytes of a size such as `50Mi`, `32KiB`, `10MB`, `4096`; undefined when it is not one. */
export function parseSize(text: string): number | undefined {
  const match = SIZE.exec(text.trim());
  if (match === null) return undefined;
  const unit = (match[2] ?? 'B').toUpperCase();
  const factor = SIZE_BYTES[unit] ?? SIZE_BYTES[unit.replace(/B$/, '')];
  return factor === undefined ? undefined : Math.round(Number(match[1]) * factor);
}

const QUANTITY = /^(\d+(?:\.\d+)?)\s*([kKmMgG])?$/;
const QUANTITY_FACTORS: Record<string, number> = { K: 1e3, M: 1e6, G: 1e9 };

/** A count such as `600`, `50K`, `2.5M`; undefined when it is not one or not whole. */
export function parseQuantity(text: string): number | undefined {
  const match = QUANTITY.exec(text.trim());
  if (match === null) return undefined;
  const count = Number(match[1]) * (QUANTITY_FACTORS[(match[2] ?? '').toUpperCase()] ?? 1);
  return Number.isSafeInteger(Math.round(count)) && Math.abs(count - Math.round(count)) < 1e-6
    ? Math.round(count)
    : undefined;
}
