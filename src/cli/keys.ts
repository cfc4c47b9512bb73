import { parseKey } from '../filters/auth/key-format.ts';
import { type AdminClientOptions, callAdmin } from './admin-client.ts';
import { ExitError } from './exit-error.ts';
import { printRows, type Row, type RowFormat } from './print-rows.ts';
import { printable } from './printable.ts';

/** A key as the admin API shows it; what is printed of it. */
interface ShownKey {
  id: string;
  prefix: string;
  name: string;
  state: string;
  organization: string;
  team: string | null;
  user: string | null;
  created: string;
  expires: string | null;
  overlap_until: string | null;
  allowed_models: string[] | null;
  allowed_operations: string[] | null;
  allowed_routes: string[] | null;
  allowed_ips: string[] | null;
}

interface IssuedKey {
  text: string;
  key: ShownKey;
}

/** What every verb of `aigw keys` takes. */
export interface KeysOptions extends AdminClientOptions {
  format: RowFormat;
}

/** Flags of `aigw keys create`. */
export interface CreateKeyOptions extends KeysOptions {
  organization: string;
  team?: string;
  user?: string;
  name: string;
  expires?: string;
  /** Lists, separated by commas. */
  models?: string;
  operations?: string;
  routes?: string;
  ips?: string;
  /** `NAME=VALUE`, repeated. */
  metadata: readonly string[];
}

/** Flags of `aigw keys list`. */
export interface ListKeysOptions extends KeysOptions {
  organization?: string;
  team?: string;
  user?: string;
  state?: string;
}

const PATH = '/api/v1/keys';

/** `aigw keys create`: prints the text of a new key, which is shown this once. */
export async function createKey(options: CreateKeyOptions): Promise<void> {
  const { organization, team, user, name, expires } = options;
  const metadata = Object.fromEntries(options.metadata.map(readPair));
  const body = {
    ...{ organization, team, user, name, expires },
    allowed_models: readList('--models', options.models),
    allowed_operations: readList('--operations', options.operations),
    allowed_routes: readList('--routes', options.routes),
    allowed_ips: readList('--ips', options.ips),
    metadata: options.metadata.length === 0 ? undefined : metadata,
  };
  const issued = await callAdmin<IssuedKey>(options, { method: 'POST', path: PATH, body });
  printIssued(issued, options.format, `issued for ${ownerOf(issued.key)}`);
}

/** `aigw keys list`. */
export async function listKeys(options: ListKeysOptions): Promise<void> {
  const query = new URLSearchParams({ limit: '1000' });
  for (const name of ['organization', 'team', 'user', 'state'] as const) {
    const value = options[name];
    if (value !== undefined) query.set(name, value);
  }
  const keys: ShownKey[] = [];
  for (;;) {
    const page = await callAdmin<{ keys: ShownKey[]; next: string | null }>(options, {
      method: 'GET',
      path: PATH,
      query,
    });
    keys.push(...page.keys);
    if (page.next === null) break;
    query.set('after', page.next);
  }
  if (options.format === 'json') process.stdout.write(`${JSON.stringify(keys, null, 2)}\n`);
  else
    printRows(
      keys.map((key) => rowOf(key, options.format)),
      options.format,
    );
}

/** `aigw keys show <key>`. */
export async function showKey(key: string, options: KeysOptions): Promise<void> {
  printKey(await callAdmin<ShownKey>(options, { method: 'GET', path: pathOf(key) }), options.format);
}

/** `aigw keys rotate <key>`: prints the text of the successor. */
export async function rotateKey(
  key: string,
  options: KeysOptions & { overlap?: string; expires?: string },
): Promise<void> {
  const { overlap, expires } = options;
  const path = `${pathOf(key)}/rotate`;
  const issued = await callAdmin<IssuedKey>(options, { method: 'POST', path, body: { overlap, expires } });
  const old = await callAdmin<ShownKey>(options, { method: 'GET', path: pathOf(key) });
  printIssued(issued, options.format, `takes the place of ${old.id}, which works until ${old.overlap_until ?? 'now'}`);
}

/** `aigw keys revoke <key>`. */
export async function revokeKey(key: string, options: KeysOptions): Promise<void> {
  printKey(await callAdmin<ShownKey>(options, { method: 'DELETE', path: pathOf(key) }), options.format);
}

/** More than the part of a key that is no secret. */
const LONGER_THAN_PREFIX = /^aigw-.{12}/;

/** The path of a key by its id, or by the key itself: of that only the part that is no secret is sent. */
function pathOf(key: string): string {
  const named = LONGER_THAN_PREFIX.test(key) ? parseKey(key)?.id : key;
  if (named === undefined) throw new ExitError(2, 'this key has a wrong checksum; is it whole?');
  // Its first characters, as lists show them.
  const id = named.replace(/^aigw-/, '');
  if (!/^[0-9A-Za-z_-]{1,64}$/.test(id))
    throw new ExitError(2, `"${printable(key).slice(0, 64)}" is not the id of a key`);
  return `${PATH}/${id}`;
}

function readList(flag: string, text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined;
  const entries = text.split(',').map((entry) => entry.trim());
  if (entries.includes('')) throw new ExitError(2, `${flag} ${text} has an empty entry`);
  return entries;
}

function readPair(text: string): [string, string] {
  const equals = text.indexOf('=');
  if (equals < 1) throw new ExitError(2, `--metadata ${text} is not of the form NAME=VALUE`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

function ownerOf({ organization, team, user }: ShownKey): string {
  return printable([organization, team, user].filter((name) => name !== null).join('/'));
}

/** The text alone goes to standard output, so that a script can keep it. */
function printIssued({ text, key }: IssuedKey, format: RowFormat, what: string): void {
  if (format === 'json') {
    process.stdout.write(`${JSON.stringify({ text, key }, null, 2)}\n`);
    return;
  }
  process.stdout.write(`${text}\n`);
  const until = key.expires === null ? 'does not expire' : `expires ${key.expires}`;
  process.stderr.write(`aigw: key ${key.id} ${what}; it ${until}. It is shown this once.\n`);
}

function printKey(key: ShownKey, format: RowFormat): void {
  if (format === 'json') process.stdout.write(`${JSON.stringify(key, null, 2)}\n`);
  else printRows([rowOf(key, format)], format);
}

function rowOf(key: ShownKey, format: RowFormat): Row {
  const row = {
    id: key.id,
    name: key.name,
    owner: [key.organization, key.team ?? '', key.user ?? ''].join('/').replace(/\/+$/, ''),
    state: key.state,
    created: key.created,
    expires: key.expires ?? '',
    overlap_until: key.overlap_until ?? '',
    models: (key.allowed_models ?? []).join(' '),
    operations: (key.allowed_operations ?? []).join(' '),
    routes: (key.allowed_routes ?? []).join(' '),
    ips: (key.allowed_ips ?? []).join(' '),
  };
  if (format !== 'table') return row;
  return Object.fromEntries(Object.entries(row).map(([name, text]) => [name, printable(text)]));
}
