import { isObject } from '../../json/types.ts';
import type { CredentialEnvironment } from '../credential.ts';
import { credentialError } from '../credential-error.ts';
import type { Expiring, TokenSource } from '../token-cache.ts';
import { parseJsonObject, textField } from '../token-request.ts';
import type { AwsKeys } from './sigv4.ts';

/** Where AWS keys come from. */
export type AwsKeySource = TokenSource<AwsKeys>;

/** A place that may hold AWS keys: undefined when it is not set up, a rejection when it is but fails. */
export type OptionalAwsKeySource = () => Promise<Expiring<AwsKeys> | undefined>;

/** What every source of AWS keys needs. */
export interface AwsContext {
  environment: CredentialEnvironment;
  /** For STS. */
  region: string;
  /** URL of STS; absent: the region's own. */
  stsEndpoint: string | undefined;
}

/** Files and environments may change without notice: what comes from them is read again after this time. */
export const REREAD_MS = 60_000;

/** Keys with the end they were given; one that is no date is an error. */
export function expiringKeys(keys: AwsKeys, expiration: string): Expiring<AwsKeys> {
  const expiresAtMs = Date.parse(expiration);
  if (Number.isNaN(expiresAtMs)) throw credentialError('AWS', 'the keys that were issued have no valid expiration');
  return { value: keys, expiresAtMs };
}

/** Reads the answer of a credentials endpoint (`AccessKeyId`, `SecretAccessKey`, `Token`, `Expiration`). */
export function parseEndpointKeys(body: string, service: string): Expiring<AwsKeys> {
  const answer = parseJsonObject(body);
  const accessKeyId = answer && textField(answer, 'AccessKeyId');
  const secretAccessKey = answer && textField(answer, 'SecretAccessKey');
  if (!isObject(answer) || accessKeyId === undefined || secretAccessKey === undefined) {
    throw credentialError('AWS', `${service} did not answer with keys`);
  }
  const keys: AwsKeys = { accessKeyId, secretAccessKey };
  const token = textField(answer, 'Token');
  if (token !== undefined) keys.sessionToken = token;
  const expiration = textField(answer, 'Expiration');
  return expiration === undefined
    ? { value: keys, expiresAtMs: Number.POSITIVE_INFINITY }
    : expiringKeys(keys, expiration);
}
