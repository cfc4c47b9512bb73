import { parseDuration } from '../config/units.ts';
import { FAULT_NAMES, type FaultSpec, parseFaultKind } from './faults.ts';
import type { MockOptions } from './options.ts';

/** The flags of `aigw mock` as a command-line parser hands them over: texts, by camel-case name. */
export interface MockFlags {
  port?: string;
  address?: string;
  latency?: string;
  jitter?: string;
  tokensPerSecond?: string;
  tokens?: string;
  fail?: string[];
  seed?: string;
  models?: string;
  strict?: boolean;
}

/** One flag of `aigw mock`, for the command-line parser and the help text. */
export interface MockFlagHelp {
  /** Spelling with its argument, such as `--port <number>`. */
  flag: string;
  text: string;
  /** Whether the flag may be given more than once. */
  repeatable?: true;
}

/** All flags of `aigw mock`. */
export const MOCK_FLAGS: readonly MockFlagHelp[] = [
  { flag: '--port <number>', text: 'port to listen on; 0 takes a free one (default 8000)' },
  { flag: '--address <address>', text: 'address to listen on (default 127.0.0.1)' },
  { flag: '--latency <duration>', text: 'time to the first byte, such as 50ms (default 0)' },
  { flag: '--jitter <duration>', text: 'random deviation from the latency, up or down (default 0)' },
  { flag: '--tokens-per-second <number>', text: 'pace of generation (default: as fast as possible)' },
  { flag: '--tokens <number>', text: 'exact length of text answers in tokens' },
  {
    flag: '--fail <spec>',
    text: `fault and its probability, such as 429:0.1; faults: an HTTP status, ${FAULT_NAMES.join(', ')}`,
    repeatable: true,
  },
  { flag: '--seed <number>', text: 'make ids, jitter and faults reproducible' },
  { flag: '--models <names>', text: 'comma-separated models to serve; with --strict others are refused' },
  { flag: '--strict', text: 'refuse what the real provider would refuse' },
];

/** What `aigw mock` starts: where to listen and how to behave. */
export interface MockCommand {
  port: number;
  address: string;
  options: MockOptions;
}

const DEFAULT_PORT = 8000;
const DEFAULT_ADDRESS = '127.0.0.1';

/** Reads the flags of `aigw mock`. Throws Error that names the flag, its value and what it takes. */
export function parseMockFlags(flags: MockFlags): MockCommand {
  const options: MockOptions = {};
  if (flags.latency !== undefined) options.latencyMs = durationFlag('--latency', flags.latency);
  if (flags.jitter !== undefined) options.jitterMs = durationFlag('--jitter', flags.jitter);
  if (flags.tokensPerSecond !== undefined) {
    options.tokensPerSecond = numberFlag('--tokens-per-second', flags.tokensPerSecond, { least: 0 });
  }
  if (flags.tokens !== undefined) options.tokens = numberFlag('--tokens', flags.tokens, { least: 1, whole: true });
  if (flags.seed !== undefined) options.seed = numberFlag('--seed', flags.seed, { least: 0, whole: true });
  if (flags.fail !== undefined) options.faults = parseFaultSpecs(flags.fail);
  if (flags.models !== undefined) options.models = namesFlag(flags.models);
  if (flags.strict === true) options.strict = true;
  const port =
    flags.port === undefined ? DEFAULT_PORT : numberFlag('--port', flags.port, { least: 0, most: 65_535, whole: true });
  return { port, address: flags.address ?? DEFAULT_ADDRESS, options };
}

/** Reads `--fail` values such as `429:0.1` or `cut` (always). Throws Error when one is wrong or they sum to more than 1. */
export function parseFaultSpecs(texts: readonly string[]): FaultSpec[] {
  const specs = texts.map((text): FaultSpec => {
    const [name = '', share, ...rest] = text.split(':');
    const kind = parseFaultKind(name);
    const probability = share === undefined ? 1 : Number(share);
    if (kind === undefined || rest.length > 0 || share === '' || !(probability >= 0 && probability <= 1)) {
      throw new Error(
        `--fail ${JSON.stringify(text)} is not FAULT:PROBABILITY. FAULT is an HTTP status or one of ${FAULT_NAMES.join(', ')}; PROBABILITY lies between 0 and 1, for example 429:0.1.`,
      );
    }
    return { kind, probability };
  });
  const sum = specs.reduce((total, spec) => total + spec.probability, 0);
  if (sum > 1 + 1e-9) throw new Error(`The probabilities of --fail sum to ${sum}; they may sum to 1 at most.`);
  return specs;
}

function namesFlag(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes(''))
    throw new Error(`--models ${JSON.stringify(text)} has an empty name; write for example gpt-4o,demo.`);
  return names;
}

function durationFlag(flag: string, text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined)
    throw new Error(`${flag} ${JSON.stringify(text)} is not a duration; write for example 50ms or 1.5s.`);
  return ms;
}

function numberFlag(flag: string, text: string, bounds: { least: number; most?: number; whole?: boolean }): number {
  const value = Number(text);
  const most = bounds.most ?? Number.MAX_SAFE_INTEGER;
  const fits = value >= bounds.least && value <= most && (bounds.whole !== true || Number.isInteger(value));
  if (text.trim() === '' || !fits) {
    const kind = bounds.whole === true ? 'a whole number' : 'a number';
    const range = bounds.most === undefined ? `of at least ${bounds.least}` : `from ${bounds.least} to ${bounds.most}`;
    throw new Error(`${flag} ${JSON.stringify(text)} must be ${kind} ${range}.`);
  }
  return value;
}
