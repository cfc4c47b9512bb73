import { z } from 'zod';
import { secret } from './model-credentials.ts';
import { duration, headerName, url } from './model-scalars.ts';

const claimNames = z
  .strictObject({
    organization: z.string().optional(),
    team: z.string().optional(),
    user: z.string().default('sub'),
  })
  .describe('Dotted paths of the claims that name who is calling');

const jwtProvider = z
  .strictObject({
    issuer: z.string().min(1).describe('Value that the `iss` claim must have'),
    audiences: z.array(z.string().min(1)).default([]).describe('One of them must be in `aud`; absent: any'),
    jwks: z
      .strictObject({
        url: url.optional().describe('Where the key set is fetched and refreshed'),
        file: z.string().optional(),
        inline: z.string().optional().describe('The key set as JSON text'),
      })
      .describe('The keys that signatures are checked with; one of the three'),
    algorithms: z
      .array(z.string())
      .default(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']),
    clock_tolerance: duration.default(60_000),
    claims: claimNames.prefault({}),
  })
  .describe('Who signs tokens');

/** Who may use a virtual service. */
export const authFilter = z
  .strictObject({
    api_keys: z
      .union([z.literal('organizations'), z.array(z.strictObject({ name: z.string().min(1), key: secret }))])
      .optional()
      .describe('Keys of the organizations, configured and issued; or a list of keys of this service alone'),
    basic: z
      .array(z.strictObject({ user: z.string().min(1), password_hash: z.string().min(1) }))
      .optional()
      .describe('Users of HTTP basic authentication; the hash is htpasswd’s `{SHA}`'),
    jwt: z.array(jwtProvider).min(1).optional().describe('JSON web tokens in `authorization: Bearer`'),
    extract_from: z
      .strictObject({
        headers: z.array(headerName).optional(),
        query: z.array(z.string().min(1)).optional(),
        cookies: z.array(z.string().min(1)).optional(),
      })
      .optional()
      .describe('Where keys are looked for; the default is where the official SDKs put them'),
    forward_client_id: headerName.optional().describe('Header that tells the provider the name of the key'),
    optional: z.boolean().default(false).describe('Let requests without any credential pass as nobody'),
    end_user: z
      .union([z.strictObject({ header: headerName }), z.literal('body')])
      .default('body')
      .describe('Where the application names its own user: the API’s field (`user`, `metadata.user_id`), or a header'),
  })
  .describe('Who may use this service; keys, tokens or both');

/** How issued keys are kept. */
export const issuedKeys = z
  .strictObject({
    hmac_secret: secret.describe('Secret with which keys are hashed before they are stored; never change it'),
    refresh: duration.default(2000).describe('How soon a process sees keys that another one issued or revoked'),
  })
  .describe('Keys issued by `aigw keys` and the admin API, kept in the ledger’s database');

/** Who may use the admin API from other machines, or change things. */
export const adminToken = z.strictObject({
  name: z.string().min(1).describe('Name in the audit log'),
  token: secret,
  role: z
    .enum(['viewer', 'operator', 'admin'])
    .describe('`viewer` reads; `operator` also changes endpoints, limits and configuration; `admin` also keys'),
});
