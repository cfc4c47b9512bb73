import {
  ANSWER_TEXT,
  ANSWER_WORDS,
  ANTHROPIC,
  BEDROCK,
  GEMINI,
  OPENAI,
  type ProviderApi,
} from '../../support/providers.ts';

/** How one provider API looks on the wire, with what comes before the first content. */
export interface ScriptedApi extends ProviderApi {
  /** How many of the first frames carry no content, so that nothing is lost when an error follows them. */
  readonly preamble: number;
}

const text = (value: string) => new TextEncoder().encode(value);
const named = (event: { type: string }) => text(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
const data = (value: unknown) => text(`data: ${JSON.stringify(value)}\n\n`);
const line = (value: unknown) => text(`${JSON.stringify(value)}\n`);

const MESSAGE_ID = 'msg_1';
const part = (words: string) => ({ type: 'output_text', text: words, annotations: [], logprobs: [] });
const item = (status: string, content: readonly object[]) => ({
  id: MESSAGE_ID,
  type: 'message',
  role: 'assistant',
  status,
  content,
});
const response = (status: string, output: readonly object[], usage: object | null) => ({
  id: 'resp_1',
  object: 'response',
  created_at: 1700000000,
  status,
  error: null,
  incomplete_details: null,
  model: 'gpt-test',
  output,
  usage,
});
const RESPONSES_WHOLE = response('completed', [item('completed', [part(ANSWER_TEXT)])], {
  input_tokens: 7,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 3,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 10,
});
const AT = { item_id: MESSAGE_ID, output_index: 0, content_index: 0 };

/** OpenAI's responses. */
const RESPONSES: ScriptedApi = {
  json: JSON.stringify(RESPONSES_WHOLE),
  streamType: 'text/event-stream',
  frames: [
    { type: 'response.created', response: response('in_progress', [], null) },
    { type: 'response.in_progress', response: response('in_progress', [], null) },
    { type: 'response.output_item.added', output_index: 0, item: item('in_progress', []) },
    { type: 'response.content_part.added', ...AT, part: part('') },
    ...ANSWER_WORDS.map((delta) => ({ type: 'response.output_text.delta', ...AT, delta, logprobs: [] })),
    { type: 'response.output_text.done', ...AT, text: ANSWER_TEXT, logprobs: [] },
    { type: 'response.content_part.done', ...AT, part: part(ANSWER_TEXT) },
    { type: 'response.output_item.done', output_index: 0, item: item('completed', [part(ANSWER_TEXT)]) },
    { type: 'response.completed', response: RESPONSES_WHOLE },
  ].map((event, index) => named({ ...event, ...{ sequence_number: index } })),
  cutAfter: 6,
  errorFrame: named({ ...{ code: 'server_error', message: 'Overloaded.', param: null }, type: 'error' }),
  preamble: 2,
};

const cohereText = (value: object) => ({ index: 0, delta: { message: { content: value } } });
const COHERE_USAGE = {
  billed_units: { input_tokens: 7, output_tokens: 3 },
  tokens: { input_tokens: 7, output_tokens: 3 },
};

/** Cohere's chat. */
const COHERE: ScriptedApi = {
  json: JSON.stringify({
    id: 'c-1',
    finish_reason: 'COMPLETE',
    message: { role: 'assistant', content: [{ type: 'text', text: ANSWER_TEXT }] },
    usage: COHERE_USAGE,
  }),
  streamType: 'text/event-stream',
  frames: [
    { type: 'message-start', id: 'c-1', delta: { message: { role: 'assistant', content: [] } } },
    { type: 'content-start', ...cohereText({ type: 'text', text: '' }) },
    ...ANSWER_WORDS.map((words) => ({ type: 'content-delta', ...cohereText({ text: words }) })),
    { type: 'content-end', index: 0 },
    { type: 'message-end', delta: { finish_reason: 'COMPLETE', usage: COHERE_USAGE } },
  ].map(named),
  cutAfter: 4,
  errorFrame: named({ ...{ delta: { finish_reason: 'ERROR', error: 'Overloaded.' } }, type: 'message-end' }),
  preamble: 1,
};

const OLLAMA_HEAD = { model: 'm', created_at: '2025-01-01T00:00:00Z' };
const ollamaChunk = (content: string) => ({ ...OLLAMA_HEAD, message: { role: 'assistant', content }, done: false });
const ollamaEnd = (content: string) => ({
  ...OLLAMA_HEAD,
  message: { role: 'assistant', content },
  done: true,
  done_reason: 'stop',
  prompt_eval_count: 7,
  eval_count: 3,
});

/** Ollama's chat. */
const OLLAMA: ScriptedApi = {
  json: JSON.stringify(ollamaEnd(ANSWER_TEXT)),
  streamType: 'application/x-ndjson',
  frames: [...ANSWER_WORDS.map(ollamaChunk), ollamaEnd('')].map(line),
  cutAfter: 2,
  errorFrame: line({ error: 'the model runner has stopped' }),
  preamble: 0,
};

const TGI_DETAILS = { finish_reason: 'eos_token', generated_tokens: 3, input_length: 7, seed: null };
const token = (id: number, words: string) => ({ id, text: words, logprob: -0.5, special: false });

/** Hugging Face TGI. */
const TGI: ScriptedApi = {
  json: JSON.stringify({ generated_text: ANSWER_TEXT, details: { ...TGI_DETAILS, prefill: [], tokens: [] } }),
  streamType: 'text/event-stream',
  frames: ANSWER_WORDS.map((words, index) => {
    const last = index === ANSWER_WORDS.length - 1;
    return data({
      index: index + 1,
      token: token(index + 1, words),
      generated_text: last ? ANSWER_TEXT : null,
      details: last ? TGI_DETAILS : null,
    });
  }),
  cutAfter: 2,
  errorFrame: data({ error: 'Model is overloaded', error_type: 'overloaded' }),
  preamble: 0,
};

/** The APIs by what their paths hold. */
const BY_PATH: readonly (readonly [string, ScriptedApi])[] = [
  ['/chat/completions', { ...OPENAI, preamble: 1 }],
  ['/responses', RESPONSES],
  ['/messages', { ...ANTHROPIC, preamble: 1 }],
  ['/converse', { ...BEDROCK, preamble: 1 }],
  ['enerateContent', { ...GEMINI, preamble: 0 }],
  ['/v2/chat', COHERE],
  ['/api/chat', OLLAMA],
  ['/generate', TGI],
];

/** The API that a provider request's path belongs to. Throws for a path of none. */
export function scriptedApi(path: string): ScriptedApi {
  const found = BY_PATH.find(([piece]) => path.includes(piece));
  if (found === undefined) throw new Error(`no API is scripted for ${path}`);
  return found[1];
}

/** Whether a provider request asks for a stream: some APIs ask in the body, some in the path. */
export function asksForStream(path: string, body: Buffer): boolean {
  if (path.includes('/api/chat')) return !body.includes('"stream":false');
  return path.includes('stream') || body.includes('"stream":true');
}
