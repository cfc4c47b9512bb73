import { deserialize, serialize } from 'node:v8';
import type { GatewayConfig } from '../../config/model.ts';
import { Secret } from '../../config/secret.ts';
import { isObject } from '../../json/types.ts';

/** A configuration as a message of JSON. Only for a channel between processes of one gateway: it holds secrets in the clear. */
export interface TransferredConfig {
  /** A structured clone in base64, for JSON knows neither infinity nor `undefined`; `null` where a secret belongs. */
  readonly clone: string;
  readonly secrets: readonly TransferredSecret[];
}

/** A secret and where it belongs. A structured clone would leave it empty. */
export interface TransferredSecret {
  readonly path: readonly string[];
  readonly text: string;
}

/** Takes a configuration apart. */
export function packConfig(config: GatewayConfig): TransferredConfig {
  const secrets: TransferredSecret[] = [];
  const plain = pack(config, [], secrets);
  return { clone: serialize(plain).toString('base64'), secrets };
}

/** Puts a configuration together again. */
export function unpackConfig({ clone, secrets }: TransferredConfig): GatewayConfig {
  const config: unknown = deserialize(Buffer.from(clone, 'base64'));
  for (const { path, text } of secrets) place(config, path, new Secret(text));
  return config as GatewayConfig;
}

function pack(value: unknown, path: readonly string[], secrets: TransferredSecret[]): unknown {
  if (value instanceof Secret) {
    secrets.push({ path, text: value.reveal() });
    return null;
  }
  if (Array.isArray(value)) return value.map((item, index) => pack(item, [...path, String(index)], secrets));
  if (!isPlain(value)) return value;
  // Unlike an assignment it keeps a field that is called `__proto__` a field.
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, pack(item, [...path, name], secrets)]));
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (!isObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function place(root: unknown, path: readonly string[], secret: Secret): void {
  let parent = root as Record<string, unknown>;
  for (const name of path.slice(0, -1)) parent = parent[name] as Record<string, unknown>;
  parent[path.at(-1) ?? ''] = secret;
}
