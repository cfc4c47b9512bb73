import type { SeededRandom } from './random.ts';

/** A request of the simulated clients. */
export interface SimulatedRequest {
  atMs: number;
  promptTokens: number;
  outputTokens: number;
  /** What the gateway takes the prompt for. */
  estimatedTokens: number;
  /** Conversation it belongs to; undefined: none. */
  prefix: number | undefined;
}

/** What the clients send. */
export interface WorkloadOptions {
  requests: number;
  requestsPerSecond: number;
  /** Conversations that are open at a time; 0: every request stands alone. */
  conversations: number;
  /** Mean number of requests of a conversation. */
  turns: number;
}

const MEDIAN_PROMPT = 700;
const PROMPT_SIGMA = 1.4;
const LONGEST_PROMPT = 48_000;
const MEDIAN_OUTPUT = 180;
const OUTPUT_SIGMA = 0.9;
const LONGEST_OUTPUT = 4_000;
const ESTIMATE_SIGMA = 0.15;

/** Mean prompt tokens of the workload, for the load a number of requests makes; from its own distribution. */
export function meanPromptTokens(random: SeededRandom): number {
  let sum = 0;
  const samples = 100_000;
  for (let at = 0; at < samples; at++) sum += promptTokens(random);
  return sum / samples;
}

function promptTokens(random: SeededRandom): number {
  return Math.ceil(Math.min(LONGEST_PROMPT, random.logNormal(MEDIAN_PROMPT, PROMPT_SIGMA)));
}

/** Heavy-tailed prompts and outputs at the arrivals of a Poisson process. */
export function createWorkload(options: WorkloadOptions, random: SeededRandom): SimulatedRequest[] {
  const requests: SimulatedRequest[] = [];
  const open: { prefix: number; tokens: number }[] = [];
  let started = 0;
  let atMs = 0;
  for (let index = 0; index < options.requests; index++) {
    atMs += random.exponential(1000 / options.requestsPerSecond);
    const outputTokens = Math.ceil(Math.min(LONGEST_OUTPUT, random.logNormal(MEDIAN_OUTPUT, OUTPUT_SIGMA)));
    let tokens = promptTokens(random);
    let prefix: number | undefined;
    if (options.conversations > 0) {
      const slot = Math.floor(random.uniform() * options.conversations);
      let conversation = open[slot];
      if (conversation === undefined || random.uniform() * options.turns < 1) {
        conversation = { prefix: started++, tokens };
        open[slot] = conversation;
      }
      prefix = conversation.prefix;
      tokens = conversation.tokens;
    }
    const estimatedTokens = tokens * random.logNormal(1, ESTIMATE_SIGMA);
    requests.push({ atMs, promptTokens: tokens, outputTokens, estimatedTokens, prefix });
  }
  return requests;
}
