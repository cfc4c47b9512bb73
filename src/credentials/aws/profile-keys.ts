import { credentialError } from '../credential-error.ts';
import { readCredentialFile, readOptionalFile, readTokenFile } from '../read-file.ts';
import type { Expiring } from '../token-cache.ts';
import { type AwsContext, type AwsKeySource, type OptionalAwsKeySource, REREAD_MS } from './aws-keys.ts';
import { containerKeySource } from './container-keys.ts';
import { environmentKeys } from './environment-keys.ts';
import { instanceKeySource } from './instance-keys.ts';
import { type AwsProfile, mergeProfiles, parseProfiles } from './parse-profiles.ts';
import type { AwsKeys } from './sigv4.ts';
import { assumeRole, assumeRoleWithWebIdentity } from './sts.ts';

/** How many profiles may stand behind one another by `source_profile`. */
const MAX_PROFILE_CHAIN = 5;

type Profiles = ReadonlyMap<string, AwsProfile>;

/** Keys of a profile in the text of a credentials file: at once when they stand there. Throws when the profile is not in the text. */
export function textKeySource(
  context: AwsContext,
  text: string,
  profile: string,
): { fixed: AwsKeys } | { fetched: AwsKeySource } {
  const profiles = parseProfiles(text);
  const named = profiles.get(profile);
  if (named === undefined) throw profileError(profile, 'is not in `credentials`');
  const fixed = named.has('role_arn') ? undefined : staticKeys(named);
  return fixed === undefined
    ? { fetched: () => profileKeys(context, profiles, { name: profile, depth: 0 }) }
    : { fixed };
}

/** Keys of a profile in a credentials file, read anew each time. */
export function fileKeySource(context: AwsContext, path: string, profile: string): AwsKeySource {
  return async () => {
    const profiles = parseProfiles(await readCredentialFile(context.environment, path, 'AWS'));
    return withReread(context, await profileKeys(context, profiles, { name: profile, depth: 0 }));
  };
}

/**
 * Keys of a profile in the shared files, `~/.aws/credentials` over `~/.aws/config`, or where AWS_SHARED_CREDENTIALS_FILE and
 * AWS_CONFIG_FILE point. Without a `profile` the one in AWS_PROFILE counts, then `default`, whose absence gives undefined.
 */
export function sharedFilesKeySource(context: AwsContext, profile?: string): OptionalAwsKeySource {
  return async () => {
    const { environment } = context;
    const { env } = environment;
    const config = await readOptionalFile(environment, env['AWS_CONFIG_FILE'] || '~/.aws/config', 'AWS');
    const credentials = await readOptionalFile(
      environment,
      env['AWS_SHARED_CREDENTIALS_FILE'] || '~/.aws/credentials',
      'AWS',
    );
    const profiles = mergeProfiles(parseProfiles(config ?? ''), parseProfiles(credentials ?? ''));
    const named = profile ?? (env['AWS_PROFILE'] || undefined);
    if (named === undefined && !holdsKeys(profiles.get('default'))) return undefined;
    return withReread(context, await profileKeys(context, profiles, { name: named ?? 'default', depth: 0 }));
  };
}

/** A default profile often names a region only: then the chain goes on. */
function holdsKeys(profile: AwsProfile | undefined): boolean {
  return (
    profile !== undefined &&
    ['aws_access_key_id', 'role_arn', 'credential_process', 'sso_session', 'sso_start_url'].some((key) =>
      profile.has(key),
    )
  );
}

function withReread(context: AwsContext, keys: Expiring<AwsKeys>): Expiring<AwsKeys> {
  const rereadAtMs = context.environment.now() + REREAD_MS;
  // Keys without an end come straight from the file; keys of a role are not fetched again for the file's sake.
  return keys.expiresAtMs === Number.POSITIVE_INFINITY ? { value: keys.value, expiresAtMs: rereadAtMs } : keys;
}

async function profileKeys(
  context: AwsContext,
  profiles: Profiles,
  at: { name: string; depth: number; asSource?: boolean },
): Promise<Expiring<AwsKeys>> {
  const profile = profiles.get(at.name);
  if (profile === undefined) throw profileError(at.name, 'is not in the AWS credentials file');
  if (at.depth > MAX_PROFILE_CHAIN) throw profileError(at.name, 'stands in a loop of source_profile settings');
  const roleArn = profile.get('role_arn');
  const fixed = staticKeys(profile);
  // A profile that names itself as its source gives its own keys there.
  if (roleArn !== undefined && !(at.asSource === true && profile.get('source_profile') === at.name && fixed)) {
    return roleKeys(context, profiles, { ...at, profile, roleArn });
  }
  if (fixed !== undefined) return { value: fixed, expiresAtMs: Number.POSITIVE_INFINITY };
  for (const setting of ['credential_process', 'sso_session', 'sso_start_url']) {
    if (profile.has(setting)) {
      throw profileError(at.name, `uses ${setting}, which the gateway does not support; give it keys or a role`);
    }
  }
  throw profileError(at.name, 'has neither aws_access_key_id with aws_secret_access_key nor role_arn');
}

async function roleKeys(
  context: AwsContext,
  profiles: Profiles,
  at: { name: string; depth: number; profile: AwsProfile; roleArn: string },
): Promise<Expiring<AwsKeys>> {
  const { profile, roleArn } = at;
  const sessionName = profile.get('role_session_name');
  const tokenFile = profile.get('web_identity_token_file');
  if (tokenFile !== undefined) {
    const token = await readTokenFile(context.environment, tokenFile, 'AWS');
    return assumeRoleWithWebIdentity(context, { roleArn, sessionName }, token);
  }
  if (profile.has('mfa_serial'))
    throw profileError(at.name, 'needs a one-time code (mfa_serial), which nobody can type here');
  const sourceProfile = profile.get('source_profile');
  const base =
    sourceProfile === undefined
      ? await credentialSourceKeys(context, at)
      : await profileKeys(context, profiles, { name: sourceProfile, depth: at.depth + 1, asSource: true });
  return assumeRole(context, { roleArn, sessionName, externalId: profile.get('external_id') }, base.value);
}

async function credentialSourceKeys(
  context: AwsContext,
  at: { name: string; profile: AwsProfile },
): Promise<Expiring<AwsKeys>> {
  const source = at.profile.get('credential_source');
  let keys: Expiring<AwsKeys> | undefined;
  if (source === 'Environment') {
    const value = environmentKeys(context.environment);
    if (value !== undefined) keys = { value, expiresAtMs: Number.POSITIVE_INFINITY };
  } else if (source === 'EcsContainer') keys = await containerKeySource(context.environment)();
  else if (source === 'Ec2InstanceMetadata') keys = await instanceKeySource(context.environment)();
  else throw profileError(at.name, 'has role_arn without source_profile, credential_source or web_identity_token_file');
  if (keys === undefined) throw profileError(at.name, `names credential_source ${source}, which holds no keys here`);
  return keys;
}

function staticKeys(profile: AwsProfile): AwsKeys | undefined {
  const accessKeyId = profile.get('aws_access_key_id');
  const secretAccessKey = profile.get('aws_secret_access_key');
  if (!accessKeyId || !secretAccessKey) return undefined;
  const keys: AwsKeys = { accessKeyId, secretAccessKey };
  const sessionToken = profile.get('aws_session_token');
  if (sessionToken) keys.sessionToken = sessionToken;
  return keys;
}

function profileError(name: string, fault: string): Error {
  return credentialError('AWS', `profile "${name}" ${fault}`);
}
