import { z } from 'zod';
import { secret } from './model-credentials.ts';
import { duration, size } from './model-scalars.ts';

const redis = z
  .strictObject({
    url: secret.describe('`redis://` or `rediss://` URL, with user and password'),
    cluster: z.boolean().default(false).describe('The server is a Redis Cluster'),
    prefix: z.string().default('aigw').describe('Begins every key; in braces it is also the cluster’s hash tag'),
    deadline: duration.default(100).describe('Longest wait for an answer'),
  })
  .describe('Counters shared by several gateways');

const ledger = z.union([
  z.strictObject({ sqlite: z.string().min(1).describe('Path of the database file') }),
  z.strictObject({
    postgres: secret.describe('`postgres://` URL'),
    pool: z.number().int().min(1).max(100).default(4),
  }),
]);

/** Where counts and usage are kept. */
export const stores = z
  .strictObject({
    counters: z
      .union([z.literal('memory'), z.strictObject({ redis })])
      .default('memory')
      .describe('Rate limits, budgets and concurrency; `memory` is this machine’s gateway alone'),
    ledger: ledger.optional().describe('Usage records, issued keys and the audit log; absent: not kept'),
    on_store_failure: z
      .enum(['allow', 'deny', 'local'])
      .default('local')
      .describe('Without the counters: let pass, refuse with 503, or count in this process meanwhile'),
    reservation_ttl: duration.default(600_000).describe('When what a dead process had reserved is given back'),
    spool: z
      .strictObject({
        path: z.string().optional().describe('Folder for records that the database does not take; default: beside it'),
        max: size.default(256 * 1024 * 1024),
      })
      .prefault({}),
    flush: duration.default(50).describe('How soon usage records reach the database'),
    retention: duration.optional().describe('How long single records are kept; totals stay'),
    bodies: z
      .union([
        z.literal(false),
        z.strictObject({ max: size.default(64 * 1024), redact: z.array(z.string()).default([]) }),
      ])
      .default(false)
      .describe('Keep what was asked and answered, up to a size; `redact` are patterns to blot out'),
  })
  .describe('Where counts and usage are kept');
