import { z } from 'zod';
import { TIME_TEXT } from './time-text.ts';

/** Fields that several routes have in common. Query parameters arrive as texts. */

/** How many entries a page has. */
export const pageLimit = z
  .string()
  .regex(/^[1-9]\d{0,3}$/, 'must be a whole number from 1 to 1000')
  .transform(Number)
  .pipe(z.number().int().min(1).max(1000))
  .describe('Entries of a page; default 100');

/** The `next` of the page before. */
export const pageAfter = z.string().min(1).max(8192).describe('`next` of the page before');

/** `next` in an answer. */
export const pageNext = z.string().nullable().describe('Pass it as `after` for the next page; null on the last one');

/** A time in a query; `readTime` reads it. */
export const queryTime = z.string().min(1).max(64).describe(TIME_TEXT);

/** A time in an answer. */
export const answerTime = z.string().meta({ format: 'date-time' });

/** A text of one line. */
export const line = z
  .string()
  .max(512)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not hold control characters');

/** A name of an organization, a team, a user or a key, as in the configuration. */
export const levelName = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[^\s/|\p{Cc}\p{Cs}]+$/u, 'must not hold spaces, "/" or "|"');

/** An amount of money or of counts, exact whatever its size. */
export const decimal = z
  .string()
  .regex(/^-?\d+(?:\.\d+)?$/)
  .describe('Exact decimal number');
