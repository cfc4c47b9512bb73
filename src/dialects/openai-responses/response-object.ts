import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { NeutralRequest } from '../neutral/request.ts';
import type { FinishReason } from '../neutral/response.ts';
import type { Usage } from '../neutral/usage.ts';
import { encodeServiceTier } from '../openai-chat/encode-response.ts';
import type { AnswerContext } from './answer-context.ts';
import type { EncodeState } from './encode-parts.ts';
import { encodeFormat } from './encode-request.ts';
import { customToolNames, encodeTool, encodeToolChoice } from './encode-tools.ts';
import { writeResponsesUsage } from './token-counts.ts';

/** What identifies an answer, as the provider or the gateway names it. */
export interface AnswerIdentity {
  id: string;
  model: string;
  created: number | undefined;
  serviceTier: string | undefined;
}

/** How far an answer is. */
export interface AnswerState {
  status: 'in_progress' | 'completed' | 'incomplete' | 'failed';
  output: JsonValue[];
  error?: JsonObject;
  incompleteReason?: string;
  usage?: Usage | undefined;
}

/** A response's id: the provider's under this API's prefix. */
export function responseId(id: string, context: AnswerContext): string {
  if (id === '') return context.newId('resp_');
  return id.startsWith('resp_') ? id : `resp_${id}`;
}

/** How an answer that stopped so ends. */
export function finalStatus(reason: FinishReason): { status: 'completed' | 'incomplete'; incompleteReason?: string } {
  if (reason === 'length') return { status: 'incomplete', incompleteReason: 'max_output_tokens' };
  if (reason === 'content-filter') return { status: 'incomplete', incompleteReason: 'content_filter' };
  return { status: 'completed' };
}

/** The settings of the request that a response repeats; what OpenAI documents as default where the request says nothing. */
export function echoSettings(request: NeutralRequest | undefined): JsonObject {
  const settings: JsonObject = {
    instructions: null,
    max_output_tokens: request?.maxOutputTokens ?? null,
    max_tool_calls: null,
    parallel_tool_calls: request?.parallelToolCalls ?? true,
    previous_response_id: null,
    reasoning: { effort: request?.reasoning?.effort ?? null, summary: request?.reasoning?.summary ?? null },
    store: false,
    temperature: request?.temperature ?? 1,
    text: { format: encodeFormat(request?.responseFormat ?? { type: 'text' }) },
    tool_choice: 'auto',
    tools: [],
    top_logprobs: request?.logprobs?.top ?? 0,
    top_p: request?.topP ?? 1,
    truncation: 'disabled',
    user: request?.user ?? null,
    metadata: request?.metadata ?? {},
  };
  if (request === undefined) return settings;
  const state: EncodeState = {
    sameDialect: true,
    guessedErrors: false,
    customTools: customToolNames(request),
    // What the provider lost was told when the request was written.
    warn() {},
  };
  settings['tools'] = request.tools.map((tool) => encodeTool(tool, state)).filter((tool) => tool !== undefined);
  settings['tool_choice'] = encodeToolChoice(request, state) ?? 'auto';
  return settings;
}

/** Writes the `response` object; `settings` come from `echoSettings`. */
export function writeResponse(
  identity: AnswerIdentity,
  state: AnswerState,
  to: { settings: JsonObject; context: AnswerContext },
): JsonObject {
  return {
    id: identity.id,
    object: 'response',
    created_at: identity.created ?? to.context.created,
    status: state.status,
    background: false,
    error: state.error ?? null,
    incomplete_details: state.incompleteReason === undefined ? null : { reason: state.incompleteReason },
    model: identity.model === '' ? to.context.requestModel : identity.model,
    output: state.output,
    service_tier: encodeServiceTier(identity.serviceTier) ?? 'default',
    usage: state.usage === undefined ? null : writeResponsesUsage(state.usage),
    ...to.settings,
  };
}
