import type { JsonObject } from '../../src/json/types.ts';

/** A parameter that only asks: a provider must get it, or the client must be told that it did not. */
export interface Parameter {
  readonly name: string;
  /** What is merged into the request's body, objects within it too. */
  readonly fields: JsonObject;
  /** How it looks in a body of a provider that has it, whatever it is called there. */
  readonly carried: RegExp;
  /** How a warning or an error names it. */
  readonly said: RegExp;
  /** Whether it needs tools to be offered. */
  readonly tools?: true;
}

const PARALLEL = /"parallel_tool_calls":false|"disable_parallel_tool_use":true/;

/** A parameter with a value of its own that cannot stand in a body by chance. */
function valued(name: string, fields: JsonObject, said: RegExp, carried: RegExp): Parameter {
  return { name, fields, said, carried };
}

function sampling(spell: { temperature: string; topP: string; wrap?: string }): Parameter[] {
  const put = (fields: JsonObject): JsonObject => (spell.wrap === undefined ? fields : { [spell.wrap]: fields });
  return [
    valued('temperature', put({ [spell.temperature]: 0.37 }), /temperature/i, /:0\.37[,}]/),
    valued('topP', put({ [spell.topP]: 0.83 }), /top_?p/i, /:0\.83[,}]/),
  ];
}

function penalties(frequency: string, presence: string, wrap?: string): Parameter[] {
  const put = (fields: JsonObject): JsonObject => (wrap === undefined ? fields : { [wrap]: fields });
  return [
    valued('frequency penalty', put({ [frequency]: 0.41 }), /frequency/i, /:0\.41[,}]/),
    valued('presence penalty', put({ [presence]: 0.43 }), /presence/i, /:0\.43[,}]/),
  ];
}

const SEED = /seed/i;
const SEED_SENT = /"seed":4711[,}]/;
const STOP = /stop/i;
const STOP_SENT = /qx-stop/;
const MAX = /max/i;
const MAX_SENT = /:1777[,}]/;
const TOP_K = /top_?k|'k'/i;
const TOP_K_SENT = /:47[,}]/;
/** Gemini's readers write names in camel case. */
const MADE_UP = /made_?up_?4711/i;
const METADATA_SENT = /crew-4711/;

const OPENAI_SHARED: readonly Parameter[] = [
  ...sampling({ temperature: 'temperature', topP: 'top_p' }),
  valued('user', { user: 'user-4711' }, /user/i, /user-4711/),
  valued('metadata', { metadata: { team: 'crew-4711' } }, /metadata/i, METADATA_SENT),
  valued('service tier', { service_tier: 'flex' }, /service.?tier/i, /"flex"/),
  valued('cache key', { prompt_cache_key: 'key-4711' }, /prompt_cache_key/, /key-4711/),
  valued('safety id', { safety_identifier: 'safe-4711' }, /safety_identifier|user/, /safe-4711/),
  { name: 'parallel', fields: { parallel_tool_calls: false }, said: /parallel/i, carried: PARALLEL, tools: true },
];

const OLLAMA_SHARED: readonly Parameter[] = [
  ...sampling({ temperature: 'temperature', topP: 'top_p', wrap: 'options' }),
  ...penalties('frequency_penalty', 'presence_penalty', 'options'),
  valued('top k', { options: { top_k: 47 } }, TOP_K, TOP_K_SENT),
  valued('seed', { options: { seed: 4711 } }, SEED, SEED_SENT),
  valued('stop', { options: { stop: ['qx-stop'] } }, STOP, STOP_SENT),
  valued('max tokens', { options: { num_predict: 1777 } }, MAX, MAX_SENT),
  valued('logprobs', { logprobs: true, top_logprobs: 3 }, /logprobs/i, /logprobs":(?:true|3)/i),
  valued('context size', { options: { num_ctx: 4711 } }, /num_ctx/, /:4711[,}]/),
  valued('keep alive', { keep_alive: '47m' }, /keep_alive/, /"47m"/),
  valued('unknown field', { made_up_4711: 1 }, MADE_UP, MADE_UP),
];

/** What each client API can ask for beside the conversation, by the name of the API. */
export const PARAMETERS: Readonly<Record<string, readonly Parameter[]>> = {
  'openai-chat': [
    ...OPENAI_SHARED,
    ...penalties('frequency_penalty', 'presence_penalty'),
    valued('seed', { seed: 4711 }, SEED, SEED_SENT),
    valued('stop', { stop: ['qx-stop'] }, STOP, STOP_SENT),
    valued('max tokens', { max_completion_tokens: 1777 }, MAX, MAX_SENT),
    valued('old max tokens', { max_tokens: 1777 }, MAX, MAX_SENT),
    valued('candidates', { n: 2 }, /candidate|'n'|\bn\b/i, /"(?:n|candidateCount)":2[,}]/),
    valued('logprobs', { logprobs: true, top_logprobs: 3 }, /logprobs/i, /logprobs":(?:true|3)/i),
    valued('logit bias', { logit_bias: { '5025': -77 } }, /logit_bias/, /-77/),
    valued('verbosity', { verbosity: 'low' }, /verbosity/, /"verbosity":"low"/),
    valued('web search', { web_search_options: {} }, /web_search_options/, /web_search_options/),
    valued('unknown field', { made_up_4711: 1 }, MADE_UP, MADE_UP),
  ],
  'openai-responses': [
    ...OPENAI_SHARED,
    valued('max tokens', { max_output_tokens: 1777 }, MAX, MAX_SENT),
    valued('logprobs', { top_logprobs: 3 }, /logprobs/i, /logprobs":(?:true|3)/i),
    valued('max calls', { max_tool_calls: 47 }, /max_tool_calls/, /"max_tool_calls":47/),
    valued('truncation', { truncation: 'auto' }, /truncation/, /"truncation":"auto"/),
    valued('verbosity', { text: { verbosity: 'low' } }, /verbosity/, /"verbosity":"low"/),
    valued('earlier response', { previous_response_id: 'resp_4711' }, /previous_response_id/, /resp_4711/),
    valued('stored prompt', { prompt: { id: 'pmpt_4711' } }, /prompt/, /pmpt_4711/),
    valued('background', { background: true }, /background/, /"background":true/),
    valued('unknown field', { made_up_4711: 1 }, MADE_UP, MADE_UP),
  ],
  anthropic: [
    ...sampling({ temperature: 'temperature', topP: 'top_p' }),
    valued('top k', { top_k: 47 }, TOP_K, TOP_K_SENT),
    valued('stop', { stop_sequences: ['qx-stop'] }, STOP, STOP_SENT),
    valued('max tokens', { max_tokens: 1777 }, MAX, MAX_SENT),
    valued('user', { metadata: { user_id: 'user-4711' } }, /user/i, /user-4711/),
    {
      name: 'parallel',
      fields: { tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
      said: /parallel/i,
      carried: PARALLEL,
      tools: true,
    },
    valued('container', { container: 'cont-4711' }, /container/, /cont-4711/),
    valued('unknown field', { made_up_4711: 1 }, MADE_UP, MADE_UP),
  ],
  gemini: [
    ...sampling({ temperature: 'temperature', topP: 'topP', wrap: 'generationConfig' }),
    ...penalties('frequencyPenalty', 'presencePenalty', 'generationConfig'),
    valued('top k', { generationConfig: { topK: 47 } }, TOP_K, TOP_K_SENT),
    valued('seed', { generationConfig: { seed: 4711 } }, SEED, SEED_SENT),
    valued('stop', { generationConfig: { stopSequences: ['qx-stop'] } }, STOP, STOP_SENT),
    valued('max tokens', { generationConfig: { maxOutputTokens: 1777 } }, MAX, MAX_SENT),
    valued(
      'candidates',
      { generationConfig: { candidateCount: 2 } },
      /candidate|'n'|\bn\b/i,
      /"(?:n|candidateCount)":2[,}]/,
    ),
    valued(
      'logprobs',
      { generationConfig: { responseLogprobs: true, logprobs: 3 } },
      /logprobs/i,
      /logprobs":(?:true|3)/i,
    ),
    valued(
      'safety',
      { safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }] },
      /safetySettings/,
      /HARM_CATEGORY_HARASSMENT/,
    ),
    valued('cached content', { cachedContent: 'cachedContents/4711' }, /cachedContent/, /cachedContents\/4711/),
    valued('modalities', { generationConfig: { responseModalities: ['TEXT'] } }, /responseModalities/, /"TEXT"/),
    valued('unknown field', { made_up_4711: 1 }, MADE_UP, MADE_UP),
  ],
  'bedrock-converse': [
    ...sampling({ temperature: 'temperature', topP: 'topP', wrap: 'inferenceConfig' }),
    valued('stop', { inferenceConfig: { stopSequences: ['qx-stop'] } }, STOP, STOP_SENT),
    valued('max tokens', { inferenceConfig: { maxTokens: 1777 } }, MAX, MAX_SENT),
    valued('metadata', { requestMetadata: { team: 'crew-4711' } }, /metadata/i, METADATA_SENT),
    valued('service tier', { serviceTier: { type: 'flex' } }, /service.?tier/i, /"flex"/),
    valued(
      'guardrail',
      { guardrailConfig: { guardrailIdentifier: 'guard-4711', guardrailVersion: '1' } },
      /guardrailConfig/,
      /guard-4711/,
    ),
    valued('top k', { additionalModelRequestFields: { top_k: 47 } }, TOP_K, TOP_K_SENT),
    valued('performance', { performanceConfig: { latency: 'optimized' } }, /performanceConfig/, /"optimized"/),
    valued('additional field', { additionalModelRequestFields: { made_up_4711: 1 } }, MADE_UP, MADE_UP),
    valued('unknown field', { made_up_4711: 1 }, MADE_UP, MADE_UP),
  ],
  'cohere-chat': [
    ...sampling({ temperature: 'temperature', topP: 'p' }),
    ...penalties('frequency_penalty', 'presence_penalty'),
    valued('top k', { k: 47 }, TOP_K, TOP_K_SENT),
    valued('seed', { seed: 4711 }, SEED, SEED_SENT),
    valued('stop', { stop_sequences: ['qx-stop'] }, STOP, STOP_SENT),
    valued('max tokens', { max_tokens: 1777 }, MAX, MAX_SENT),
    valued('logprobs', { logprobs: true }, /logprobs/i, /logprobs":true/i),
    valued('safety', { safety_mode: 'STRICT' }, /safety_mode/, /"STRICT"/),
    valued('documents', { documents: ['doc-4711'] }, /documents/, /doc-4711|ZG9jLTQ3MTE/),
    valued('citations', { citation_options: { mode: 'FAST' } }, /citation_options/, /"FAST"/),
    valued('priority', { priority: 47 }, /priority/, /"priority":47/),
    valued('unknown field', { made_up_4711: 1 }, MADE_UP, MADE_UP),
  ],
  'ollama-chat': OLLAMA_SHARED,
  'ollama-generate': [
    ...OLLAMA_SHARED,
    valued('suffix', { suffix: 'end-4711' }, /suffix/, /end-4711/),
    valued('template', { template: 'form-4711' }, /template/, /form-4711/),
    valued('raw', { raw: true }, /raw/, /"raw":true/),
  ],
  tgi: [
    ...sampling({ temperature: 'temperature', topP: 'top_p', wrap: 'parameters' }),
    valued('frequency penalty', { parameters: { frequency_penalty: 0.41 } }, /frequency/i, /:0\.41[,}]/),
    valued('top k', { parameters: { top_k: 47 } }, TOP_K, TOP_K_SENT),
    valued('seed', { parameters: { seed: 4711 } }, SEED, SEED_SENT),
    valued('stop', { parameters: { stop: ['qx-stop'] } }, STOP, STOP_SENT),
    valued('max tokens', { parameters: { max_new_tokens: 1777 } }, MAX, MAX_SENT),
    valued('logprobs', { parameters: { top_n_tokens: 3 } }, /logprobs/i, /(?:logprobs"|top_n_tokens"):(?:true|3)/i),
    valued('repetition', { parameters: { repetition_penalty: 1.27 } }, /repetition_penalty/, /:1\.27[,}]/),
    valued('full text', { parameters: { return_full_text: true } }, /return_full_text/, /"return_full_text":true/),
    valued('grammar', { parameters: { grammar: { type: 'regex', value: 'x4711' } } }, /grammar/, /x4711/),
    valued('adapter', { parameters: { adapter_id: 'lora-4711' } }, /adapter_id/, /lora-4711/),
    valued('unknown field', { made_up_4711: 1 }, MADE_UP, MADE_UP),
  ],
};
