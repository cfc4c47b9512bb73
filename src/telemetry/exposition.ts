import type { Buckets, Histogram } from './histogram.ts';
import type { MetricFamily } from './metric-families.ts';

/** Longest label value in UTF-16 units; what a client or provider sends beyond it is cut off. */
export const MAX_LABEL_LENGTH = 128;

/**
 * A label value that is safe to keep and to print: cut to MAX_LABEL_LENGTH, control characters as `_` (a NUL ends the
 * input of Prometheus' parser), lone surrogates as U+FFFD, and in memory of its own rather than as a slice of a body.
 */
export function labelValue(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  const clean = text.slice(0, MAX_LABEL_LENGTH).replace(/[\u0000-\u001f\u007f]/g, '_');
  return Buffer.from(clean, 'utf8').toString('utf8');
}

/** `name="value"` with the escapes of the Prometheus text format. */
export function labelPair(name: string, value: string): string {
  return `${name}="${value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`;
}

/** The two lines that open a family. */
export function familyHead(name: string, family: MetricFamily): string {
  return `# HELP ${name} ${family.help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')}\n# TYPE ${name} ${family.type}\n`;
}

/** The lines of one histogram, its counts made cumulative. `labels` is exposition text without braces. */
export function histogramLines(name: string, labels: string, histogram: Histogram, buckets: Buckets): string {
  const prefix = `${name}_bucket{${labels}${labels === '' ? '' : ','}le="`;
  let text = '';
  let total = 0;
  for (let index = 0; index < buckets.labels.length; index++) {
    total += histogram.counts[index] ?? 0;
    text += `${prefix}${buckets.labels[index]}"} ${total}\n`;
  }
  return `${text}${name}_sum{${labels}} ${histogram.sum}\n${name}_count{${labels}} ${total}\n`;
}
