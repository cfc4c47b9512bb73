import type { CredentialEnvironment } from '../credential.ts';
import { FORM_HEADERS, formBody } from '../token-request.ts';
import { CLOUD_PLATFORM_SCOPE, type GcpTokenSource, requestAccessToken } from './gcp-token.ts';

/** Google's security token service. */
export const DEFAULT_STS_ENDPOINT = 'https://sts.googleapis.com/v1/token';
/** The type of a JSON Web Token in a token exchange (RFC 8693 section 3). */
export const JWT_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:jwt';

/** How a foreign token is swapped. */
export interface TokenExchange {
  endpoint: string;
  /** Resource name of the workload identity provider. */
  audience: string;
  subjectTokenType: string;
  subjectToken: () => Promise<string>;
  /** Sent as HTTP Basic where the key file names a client. */
  client?: { id: string; secret: string } | undefined;
}

/** Tokens for a workload known to another identity provider (RFC 8693; https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token). */
export function tokenExchangeSource(exchange: TokenExchange, environment: CredentialEnvironment): GcpTokenSource {
  const { client } = exchange;
  const basic = client && Buffer.from(`${client.id}:${client.secret}`).toString('base64');
  const headers = basic === undefined ? FORM_HEADERS : { ...FORM_HEADERS, authorization: `Basic ${basic}` };
  return async () => {
    const subjectToken = await exchange.subjectToken();
    return requestAccessToken(environment, {
      service: 'the Google security token service',
      method: 'POST',
      url: exchange.endpoint,
      headers,
      body: formBody({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        audience: exchange.audience,
        scope: CLOUD_PLATFORM_SCOPE,
        requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        subject_token: subjectToken,
        subject_token_type: exchange.subjectTokenType,
      }),
      secrets: [subjectToken, ...(basic === undefined ? [] : [basic])],
    });
  };
}
