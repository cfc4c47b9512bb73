import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import type { EncodeContext } from '../dialect.ts';
import type { NeutralRequest } from '../neutral/request.ts';
import { foreignExtensions } from '../openai/foreign-extensions.ts';
import { flattenMessages } from './prompt.ts';

type Warn = (warning: string) => void;

/** The most alternatives a token is shown with, by the server's default (`--max-top-n-tokens`). */
const MAX_TOP_TOKENS = 5;

/** Fields of other APIs that another field says, or that ask for nothing. */
const HANDLED_EXTENSIONS: ReadonlySet<string> = new Set(['stream_options', 'store', 'thinking', 'reasoning']);

function writeSampling(parameters: JsonObject, request: NeutralRequest, warn: Warn): void {
  const { temperature, topP } = request;
  // The server refuses 0: taking the likeliest token is `do_sample: false` there.
  if (temperature !== undefined && temperature > 0) {
    parameters['temperature'] = temperature;
    parameters['do_sample'] ??= true;
  } else if (temperature !== undefined) {
    parameters['do_sample'] = false;
  }
  // It refuses 1 as well, which asks for nothing.
  if (topP !== undefined && topP < 1) parameters['top_p'] = topP;
  if (request.topK !== undefined) parameters['top_k'] = request.topK;
  if (request.seed !== undefined) parameters['seed'] = request.seed;
  if (request.frequencyPenalty !== undefined) parameters['frequency_penalty'] = request.frequencyPenalty;
  if ((request.presencePenalty ?? 0) !== 0) warn('presence_penalty was left out: TGI has no such parameter.');
  if (request.stop !== undefined && request.stop.length > 0) parameters['stop'] = request.stop;
  if (request.maxOutputTokens !== undefined) parameters['max_new_tokens'] = request.maxOutputTokens;
  if (request.logprobs !== undefined) {
    // Probabilities are shown beside alternatives only.
    parameters['top_n_tokens'] = Math.min(Math.max(1, request.logprobs.top ?? 1), MAX_TOP_TOKENS);
  }
}

function writeGrammar(parameters: JsonObject, request: NeutralRequest): void {
  const format = request.responseFormat;
  if (format === undefined || format.type === 'text' || parameters['grammar'] !== undefined) return;
  const value = format.type === 'json-schema' ? format.schema : { type: 'object' };
  parameters['grammar'] = { type: 'json', value };
}

function warnOfLosses(request: NeutralRequest, warn: Warn): void {
  if ((request.candidateCount ?? 1) > 1) {
    throw new GatewayError('unsupported_parameter', "TGI gives one answer: 'n' must be 1.", { param: 'n' });
  }
  const forced = request.toolChoice?.type === 'required' || request.toolChoice?.type === 'tool';
  if (request.tools.length > 0 && forced) {
    throw new GatewayError(
      'unsupported_parameter',
      "TGI's generate API calls no tools, but tool_choice demands one; use the server's chat API.",
      { param: 'tool_choice' },
    );
  }
  if (request.tools.length > 0) warn("The tools were left out: TGI's generate API calls none; use its chat API.");
  const { reasoning } = request;
  if (reasoning !== undefined && reasoning.enabled !== false && reasoning.effort !== 'none') {
    warn('Reasoning settings were left out: TGI has none.');
  }
  if (request.user !== undefined) warn('The user id was left out: TGI has none.');
  if (request.metadata !== undefined && Object.keys(request.metadata).length > 0) {
    warn('metadata was left out: TGI has none.');
  }
  const tier = request.serviceTier;
  if (tier !== undefined && tier !== 'auto' && tier !== 'default') warn('service_tier was left out: TGI has none.');
  for (const { dialect, field, path } of foreignExtensions(request, 'tgi')) {
    if (HANDLED_EXTENSIONS.has(field)) continue;
    const name = path.slice(0, 64).replace(/[^!-~]/g, '?');
    warn(`The ${dialect} field '${name}' was left out: TGI has no such parameter.`);
  }
}

/** Writes the body of `POST /generate`, and of `/generate_stream` where a stream is wanted. */
export function encodeRequest(request: NeutralRequest, context: EncodeContext): JsonObject {
  const warned = new Set<string>();
  const warn = (warning: string): void => {
    if (warned.has(warning)) return;
    warned.add(warning);
    context.warn(warning);
  };
  warnOfLosses(request, warn);
  const { body: rest, ...own } = request.extensions?.tgi ?? {};
  const parameters: JsonObject = { ...own };
  writeSampling(parameters, request, warn);
  writeGrammar(parameters, request);
  // The counts of tokens are among the details.
  parameters['details'] = true;
  return { ...(isObject(rest) ? rest : undefined), inputs: flattenMessages(request.messages, warn), parameters };
}
