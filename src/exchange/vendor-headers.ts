import type { DialectName } from '../dialects/names.ts';
import type { ProviderName } from '../providers/provider.ts';

/** Where a request goes. */
export interface HeaderTarget {
  dialect: DialectName;
  provider: ProviderName;
}

/** A vendor's own headers, and who may see them. */
interface VendorHeaders {
  readonly prefix: string;
  takes(target: HeaderTarget): boolean;
}

const GOOGLES: readonly ProviderName[] = ['google', 'gcp-vertex', 'gcp-anthropic'];
const AMAZONS: readonly ProviderName[] = ['aws-bedrock', 'aws-anthropic'];

const VENDORS: readonly VendorHeaders[] = [
  { prefix: 'openai-', takes: ({ dialect }) => dialect.startsWith('openai-') },
  { prefix: 'anthropic-', takes: ({ dialect }) => dialect.startsWith('anthropic') },
  { prefix: 'x-goog-', takes: ({ provider }) => GOOGLES.includes(provider) },
  // Those that begin with `x-amz-` never pass: they would become part of a signature.
  { prefix: 'x-amzn-', takes: ({ provider }) => AMAZONS.includes(provider) },
];

/** Headers that ask for something: leaving them out is a loss. */
const ASKING: Readonly<Record<string, string>> = {
  'anthropic-beta': "The anthropic-beta flags were not sent: only Anthropic's API takes them.",
  'openai-beta': "The header openai-beta was not sent: only OpenAI's API takes it.",
};

/** The vendor whose header this is. Most headers are told apart by their first letter. */
function ownerOf(name: string): VendorHeaders | undefined {
  const first = name.charCodeAt(0);
  for (const vendor of VENDORS) {
    if (vendor.prefix.charCodeAt(0) === first && name.startsWith(vendor.prefix)) return vendor;
  }
  return undefined;
}

/**
 * Takes the headers of other vendors out of `headers` (names in lower case and values in turn), of which the first
 * `count` entries came from the client: what the configuration sets behind them stands. Returns what is lost by it.
 */
export function dropForeignHeaders(headers: string[], count: number, target: HeaderTarget): string[] {
  const lost: string[] = [];
  for (let index = count - 2; index >= 0; index -= 2) {
    const name = headers[index] as string;
    const owner = ownerOf(name);
    if (owner === undefined || owner.takes(target)) continue;
    headers.splice(index, 2);
    const loss = ASKING[name];
    if (loss !== undefined && !lost.includes(loss)) lost.push(loss);
  }
  return lost;
}
