import { setFlagsFromString } from 'node:v8';

// V8 multiplies the size of its space for young objects by this whenever enough of them have survived in it.
const GROWTH = '--semi-space-growth-factor';
/** V8's default. */
const GROWTH_FACTOR = 2;

/**
 * Has V8 keep its space for young objects as small as it began, until `letYoungSpaceGrow`. What a start loads survives, so that the
 * space would grow to 16 MiB or more, and a gateway without much to do would hold them for nothing. V8 lets it grow again by itself when
 * the process starts a thread.
 */
export function holdYoungSpace(): void {
  setFlagsFromString(`${GROWTH}=1`);
}

/** Has it grow as far as requests need it to. */
export function letYoungSpaceGrow(): void {
  setFlagsFromString(`${GROWTH}=${GROWTH_FACTOR}`);
}
