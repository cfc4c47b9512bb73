import { emptyUsage, type Usage, usageTotal } from './usage.ts';

/** The usage of several answers together; undefined unless every one reported its own: a part would look like the whole. */
export function sumUsage(usages: readonly (Usage | undefined)[]): Usage | undefined {
  if (usages.length === 0) return undefined;
  const sum = emptyUsage();
  let total = 0;
  for (const usage of usages) {
    if (usage === undefined) return undefined;
    for (const key of CLASSES) sum[key] += usage[key];
    total += usageTotal(usage);
  }
  if (total !== usageTotal(sum)) sum.reportedTotal = total;
  return sum;
}

const CLASSES = [
  'input',
  'cacheRead',
  'cacheWrite',
  'cacheWrite1h',
  'output',
  'reasoning',
  'inputAudio',
  'outputAudio',
  'inputImage',
  'outputImage',
] as const;
