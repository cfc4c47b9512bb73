/**
 * Seconds a provider asks to wait, from `retry-after-ms` or `retry-after` (RFC 9110 §10.2.3). A date
 * is measured against the answer's own `date` header; without one it says nothing.
 */
export function readRetryAfter(header: (name: string) => string | undefined): number | undefined {
  const milliseconds = Number(header('retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(milliseconds) && milliseconds >= 0) return milliseconds / 1000;
  const value = header('retry-after');
  if (value === undefined || value.trim() === '') return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return seconds >= 0 ? seconds : undefined;
  const until = Date.parse(value);
  const now = Date.parse(header('date') ?? '');
  return Number.isFinite(until) && Number.isFinite(now) ? Math.max(0, (until - now) / 1000) : undefined;
}
