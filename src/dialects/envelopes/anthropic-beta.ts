/**
 * The `anthropic-beta` flags Bedrock takes. It answers 400 `invalid beta flag` to any other, and coding
 * agents send many, so that only these go through.
 */
const BEDROCK_FLAGS: readonly string[] = [
  'compact-2026-01-12',
  'computer-use-2024-10-22',
  'computer-use-2025-01-24',
  'computer-use-2025-11-24',
  'context-1m-2025-08-07',
  'context-management-2025-06-27',
  'dev-full-thinking-2025-05-14',
  'effort-2025-11-24',
  'fine-grained-tool-streaming-2025-05-14',
  'interleaved-thinking-2025-05-14',
  'output-128k-2025-02-19',
  'token-efficient-tools-2025-02-19',
  'tool-examples-2025-10-29',
  'tool-search-tool-2025-10-19',
];

/** Flags Bedrock has under another name. */
const BEDROCK_ALIASES: Readonly<Record<string, string>> = {
  'advanced-tool-use-2025-11-20': 'tool-search-tool-2025-10-19',
};

/** Features of Anthropic's own platform: Vertex AI refuses their flags. Others go through. */
const NOT_ON_VERTEX =
  /^(?:files-api|mcp-client|mcp-servers|code-execution|skills|structured-outputs|prompt-caching-scope)-/;

/** The flags of an `anthropic-beta` header: comma separated, blanks around them dropped. */
export function parseAnthropicBeta(header: string | undefined): string[] {
  if (header === undefined) return [];
  return header
    .split(',')
    .map((flag) => flag.trim())
    .filter((flag) => flag !== '');
}

/** The flags to send to Bedrock, each once; the others are warned of. */
export function bedrockBetaFlags(flags: readonly string[], warn: (warning: string) => void): string[] {
  const kept: string[] = [];
  for (const flag of flags) {
    const known = BEDROCK_ALIASES[flag] ?? flag;
    if (!BEDROCK_FLAGS.includes(known)) warn(notSent(flag, 'Bedrock'));
    else if (!kept.includes(known)) kept.push(known);
  }
  return kept;
}

/** The flags to send to Vertex AI, in its `anthropic-beta` header, each once; the others are warned of. */
export function vertexBetaFlags(flags: readonly string[], warn: (warning: string) => void): string[] {
  const kept = flags.filter((flag) => {
    if (!NOT_ON_VERTEX.test(flag)) return true;
    warn(notSent(flag, 'Vertex AI'));
    return false;
  });
  return [...new Set(kept)];
}

function notSent(flag: string, where: string): string {
  return `The anthropic-beta flag ${flag.slice(0, 64).replace(/[^!-~]/g, '?')} was not sent: ${where} does not take it.`;
}
