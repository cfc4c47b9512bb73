import { checkKeyTexts } from './check-organizations.ts';
import { duplicateNames } from './duplicate-names.ts';
import type { ConfigPath, UnplacedIssue } from './issue.ts';
import type { AuthFilterConfig, GatewayConfig } from './model.ts';

/** Signatures that a key set of a provider can prove (RFC 7518 section 3.1, RFC 8037). `none` proves nothing. */
const ALGORITHMS: readonly string[] = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'HS256', 'HS384', 'HS512'],
];
const JWKS_SOURCES = ['url', 'file', 'inline'] as const;
/** The hash of htpasswd's `{SHA}` form: 20 bytes in base64. */
const PASSWORD_HASH = /^\{SHA\}[A-Za-z0-9+/]{27}=$/;

/** Every service that asks who calls can be told, and by what there is. */
export function checkAuth(config: GatewayConfig): UnplacedIssue[] {
  return config.virtual_services.flatMap(({ auth_filter: auth }, index) =>
    auth === undefined ? [] : checkFilter(auth, ['virtual_services', index, 'auth_filter'], config),
  );
}

function checkFilter(auth: AuthFilterConfig, path: ConfigPath, config: GatewayConfig): UnplacedIssue[] {
  const issues: UnplacedIssue[] = [];
  if (auth.api_keys === undefined && auth.jwt === undefined && auth.basic === undefined) {
    const message = 'takes no credential at all, so that it lets nobody in';
    issues.push({ path, severity: 'error', message, fix: 'add `api_keys: organizations`, `jwt` or `basic`' });
  }
  if (auth.api_keys === 'organizations' && config.organizations.length === 0 && config.issued_keys === undefined) {
    const message = 'there are neither organizations nor issued keys, so that no key is known';
    const fix = 'add `organizations`, or `issued_keys`';
    issues.push({ path: [...path, 'api_keys'], severity: 'warning', message, fix });
  }
  if (Array.isArray(auth.api_keys)) {
    const keys = auth.api_keys;
    const at = (index: number) => [...path, 'api_keys', index];
    issues.push(
      ...duplicateNames(
        keys.map(({ name }) => name),
        'key',
        (index) => [...at(index), 'name'],
      ),
      ...checkKeyTexts(keys.map(({ key }, index) => ({ key, path: at(index) }))),
    );
  }
  for (const [index, { password_hash: hash }] of (auth.basic ?? []).entries()) {
    if (PASSWORD_HASH.test(hash)) continue;
    const message = 'is not a hash of the form {SHA}…';
    const fix = 'write what `htpasswd -nbs USER PASSWORD` prints behind the colon';
    issues.push({ path: [...path, 'basic', index, 'password_hash'], severity: 'error', message, fix });
  }
  for (const [index, provider] of (auth.jwt ?? []).entries()) {
    issues.push(...checkProvider(provider, [...path, 'jwt', index]));
  }
  return issues;
}

function checkProvider(provider: NonNullable<AuthFilterConfig['jwt']>[number], path: ConfigPath): UnplacedIssue[] {
  const issues: UnplacedIssue[] = [];
  const given = JWKS_SOURCES.filter((name) => provider.jwks[name] !== undefined);
  if (given.length !== 1) {
    const message = given.length === 0 ? 'says not where the keys are' : `names ${given.join(' and ')}`;
    issues.push({ path: [...path, 'jwks'], severity: 'error', message, fix: 'give one of url, file and inline' });
  }
  for (const [index, name] of provider.algorithms.entries()) {
    if (ALGORITHMS.includes(name)) continue;
    const message = `"${name}" is not a signature algorithm that can be trusted`;
    const fix = `choose from ${ALGORITHMS.join(', ')}`;
    issues.push({ path: [...path, 'algorithms', index], severity: 'error', message, fix });
  }
  return issues;
}
