import { z } from 'zod';
import { headerName } from './model-scalars.ts';

/**
 * What an operation is called in metrics, spans and conditions (`gen_ai.operation.name`). A test holds the list equal to
 * what the gateway's endpoints do.
 */
export const OPERATION_NAMES = [
  'chat',
  'completion',
  'embeddings',
  'responses',
  'responses_input_tokens',
  'messages',
  'count_tokens',
  'tokenize',
  'rerank',
  'image_generation',
  'image_edit',
  'image_variation',
  'speech',
  'transcription',
  'translation',
  'moderation',
  'files',
  'batches',
  'fine_tuning',
] as const;

/** Longest CEL expression, in characters. */
export const MAX_EXPRESSION = 4096;

const regex = (what: string) => z.string().describe(`RE2 syntax; must match the whole ${what}`);
const text = z.string();
const names = (what: string) => z.array(z.string().min(1)).min(1).describe(what);

const valueForms = [
  z.strictObject({ prefix: text }),
  z.strictObject({ regex: regex('value') }),
  z.strictObject({ glob: text.describe('`*` stands for any text') }),
  z.strictObject({ present: z.boolean() }),
] as const;

/** A condition on a text; plain text is the exact value. */
export const valueMatch = z.union([text, z.strictObject({ exact: text }), ...valueForms]);

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const jsonMatch = z.union([scalar, z.strictObject({ exact: scalar }), ...valueForms]);
const claimMatch = z.union([
  scalar,
  z.strictObject({ exact: scalar }),
  ...valueForms,
  z.strictObject({ contains: text.describe('Is in the list, or among the words of a text such as `scope`') }),
]);

/** A condition on the name of a model. */
export const modelMatch = z.union([
  z.string().describe('Exact name, or a glob with `*`'),
  z.strictObject({ exact: text }),
  z.strictObject({ prefix: text }),
  z.strictObject({ regex: regex('name') }),
  z.strictObject({ glob: text }),
]);

/** A condition on the path of a request. */
export const pathMatch = z.union([
  z.string().startsWith('/'),
  z.strictObject({ exact: z.string().startsWith('/') }),
  z.strictObject({ prefix: z.string().startsWith('/') }),
  z.strictObject({ regex: regex('path') }),
  z.strictObject({ glob: text }),
]);

/** An HTTP method. */
export const method = z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD']);

const tokenCount = z.number().int().min(0);

/** When a route takes a request. */
export const routeMatch = z
  .strictObject({
    model: modelMatch.optional(),
    hosts: names('Host names without port, `*.example.com` for those below; any may match').optional(),
    paths: z.array(pathMatch).min(1).optional().describe('Request paths without query; any may match'),
    methods: z.array(method).min(1).optional().describe('Any may match'),
    operations: z
      .array(z.enum(OPERATION_NAMES))
      .min(1)
      .optional()
      .describe('What the endpoint does, whichever API the client speaks; any may match'),
    headers: z.record(headerName, valueMatch).default({}).describe('All must match'),
    query: z
      .record(z.string().min(1), valueMatch)
      .optional()
      .describe('Query parameters, unescaped; the first of a name counts; all must match'),
    body: z
      .record(z.string(), jsonMatch)
      .optional()
      .describe('Fields of the JSON body by JSON pointer (RFC 6901; `-1` is the last of a list); all must match'),
    stream: z.boolean().optional().describe('Whether the client asks for a stream'),
    tools: z.boolean().optional().describe('Whether the request carries tools'),
    prompt_tokens: z
      .strictObject({ min: tokenCount.optional(), max: tokenCount.optional() })
      .optional()
      .describe('Estimated tokens of the prompt, bounds included'),
    keys: names('Names of API keys; any may match').optional(),
    users: names('Names of users; any may match').optional(),
    teams: names('Names of teams; any may match').optional(),
    organizations: names('Names of organizations; any may match').optional(),
    claims: z
      .record(z.string().min(1), claimMatch)
      .optional()
      .describe('Claims of the JWT by name, dotted path or JSON pointer; one of a list may match; all must match'),
    cel: z
      .string()
      .min(1)
      .max(MAX_EXPRESSION)
      .optional()
      .describe('CEL expression that says true or false; for whatever the other conditions cannot say'),
  })
  .describe('All conditions must hold; an empty match takes every request');
