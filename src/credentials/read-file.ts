import type { CredentialEnvironment } from './credential.ts';
import { type CredentialKind, credentialError } from './credential-error.ts';

/** Reads a token from a file, without the white space around it. Rejects with `credential_unavailable` when it is absent or empty. */
export async function readTokenFile(
  environment: CredentialEnvironment,
  path: string,
  kind: CredentialKind,
): Promise<string> {
  const token = (await readCredentialFile(environment, path, kind)).trim();
  if (token === '') throw credentialError(kind, 'its token file is empty', new Error(`${path} is empty`));
  return token;
}

/** Reads a file that must be there; `~/` is the home directory. Rejects with `credential_unavailable` otherwise. */
export async function readCredentialFile(
  environment: CredentialEnvironment,
  path: string,
  kind: CredentialKind,
): Promise<string> {
  try {
    return await environment.readFile(expandHome(environment, path));
  } catch (error) {
    throw credentialError(kind, 'a file it needs cannot be read', error);
  }
}

/** Reads a file that may be absent: undefined when it does not exist, a rejection when it cannot be read. */
export async function readOptionalFile(
  environment: CredentialEnvironment,
  path: string,
  kind: CredentialKind,
): Promise<string | undefined> {
  try {
    return await environment.readFile(expandHome(environment, path));
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw credentialError(kind, 'a file it needs cannot be read', error);
  }
}

function expandHome(environment: CredentialEnvironment, path: string): string {
  return path.startsWith('~/') ? `${environment.homeDirectory}${path.slice(1)}` : path;
}
