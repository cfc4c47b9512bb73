import { toneWav } from '../../../src/mock/brain/media.ts';

/** What a ledger line must say of a request beside its tokens, which are the provider's. */
export interface ExpectedUse {
  readonly units?: Readonly<Partial<Record<'images' | 'seconds' | 'characters' | 'searchUnits', number>>>;
  /** Why no tokens are counted where the provider's own record has some, or none at all. */
  readonly noTokens?: string;
}

/** A request for one endpoint. */
export interface EndpointRequest extends ExpectedUse {
  readonly method: string;
  readonly path: string;
  /** Name of the provider row that serves it. */
  readonly provider: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

const BOUNDARY = 'a-boundary-of-these-tests';
const FORM = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };

/** A multipart body; a `Buffer` stands for a file. */
export function formBody(fields: Readonly<Record<string, string | Buffer>>): Buffer {
  const parts = Object.entries(fields).flatMap(([name, value]) => {
    const file = typeof value === 'string' ? '' : `; filename="${name}.bin"`;
    return [`--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"${file}\r\n\r\n`, value, '\r\n'];
  });
  return Buffer.concat([...parts, `--${BOUNDARY}--\r\n`].map((part) => Buffer.from(part)));
}

const json = (body: object): Buffer => Buffer.from(JSON.stringify(body));
const post = (path: string, provider: string, body: object, rest: Partial<EndpointRequest> = {}): EndpointRequest => ({
  method: 'POST',
  path,
  provider,
  body: json(body),
  ...rest,
});
const form = (path: string, fields: Readonly<Record<string, string | Buffer>>, rest: ExpectedUse): EndpointRequest => ({
  method: 'POST',
  path,
  provider: 'openai',
  headers: FORM,
  body: formBody(fields),
  ...rest,
});

const MESSAGES = [{ role: 'user', content: 'Is all well with the harvest this year?' }];
const CLAUDE = { model: 'claude-sonnet-4-5', max_tokens: 50, messages: MESSAGES };
const COHERE_CHAT = { model: 'command-a', messages: MESSAGES };
const CONTENTS = { contents: [{ role: 'user', parts: [{ text: 'Is all well?' }] }] };
const CONVERSE = {
  messages: [{ role: 'user', content: [{ text: 'Is all well?' }] }],
  inferenceConfig: { maxTokens: 40 },
};
const FREE = 'counting tokens is free';
const PICTURE = Buffer.from('not really a picture');

const EMBED = { model: 'embed-v4.0', texts: ['a', 'b'], input_type: 'search_document', embedding_types: ['float'] };
const RERANK = { model: 'rerank-v3.5', query: 'keys', documents: ['a lock', 'a key', 'a door'] };

/** Requests by the path under which `allEndpoints` lists their endpoint; a first one for each method that does something of its own. */
export const ENDPOINT_REQUESTS: Readonly<Record<string, readonly EndpointRequest[]>> = {
  '/v1/chat/completions': [
    post('/v1/chat/completions', 'openai', { model: 'gpt-5-mini', messages: MESSAGES }),
    post('/v1/chat/completions', 'openai', { model: 'gpt-5-mini', messages: MESSAGES, stream: true }),
    post('/v1/chat/completions', 'anthropic', { model: 'claude-sonnet-4-5', messages: MESSAGES, stream: true }),
  ],
  '/v1/completions': [
    post('/v1/completions', 'openai', { model: 'gpt-3.5-turbo-instruct', prompt: 'Once upon', max_tokens: 20 }),
    post('/v1/completions', 'openai', { model: 'gpt-3.5-turbo-instruct', prompt: 'Once upon', stream: true }),
  ],
  '/v1/embeddings': [
    post('/v1/embeddings', 'openai', { model: 'text-embedding-3-small', input: ['one', 'two three'] }),
    post('/v1/embeddings', 'cohere', { model: 'embed-v4.0', input: ['one', 'two three'] }),
  ],
  '/v1/responses': [
    post('/v1/responses', 'openai', { model: 'gpt-5-mini', input: 'Is all well?' }),
    post('/v1/responses', 'openai', { model: 'gpt-5-mini', input: 'Is all well?', stream: true }),
  ],
  '/v1/responses/input_tokens': [
    post('/v1/responses/input_tokens', 'openai', { model: 'gpt-5-mini', input: 'Is all well?' }, { noTokens: FREE }),
  ],
  '/v1/images/generations': [
    post('/v1/images/generations', 'openai', { model: 'gpt-image-1', prompt: 'a key', n: 2 }, { units: { images: 2 } }),
    post(
      '/v1/images/generations',
      'openai',
      { model: 'gpt-image-1', prompt: 'a key', stream: true },
      {
        units: { images: 1 },
      },
    ),
    post(
      '/v1/images/generations',
      'openai',
      { model: 'dall-e-3', prompt: 'a key', size: '1024x1024' },
      {
        units: { images: 1 },
        noTokens: 'pictures of this model are billed by the picture, and its answers tell no tokens',
      },
    ),
  ],
  '/v1/images/edits': [
    form(
      '/v1/images/edits',
      { model: 'gpt-image-1', prompt: 'a key', n: '2', image: PICTURE },
      { units: { images: 2 } },
    ),
  ],
  '/v1/images/variations': [
    form(
      '/v1/images/variations',
      { model: 'dall-e-2', image: PICTURE },
      {
        units: { images: 1 },
        noTokens: 'pictures of this model are billed by the picture, and its answers tell no tokens',
      },
    ),
  ],
  '/v1/audio/speech': [
    post(
      '/v1/audio/speech',
      'openai',
      { model: 'gpt-4o-mini-tts', input: 'Hör zu', voice: 'alloy', stream_format: 'sse' },
      {
        units: { characters: 6 },
      },
    ),
    post(
      '/v1/audio/speech',
      'openai',
      { model: 'tts-1', input: 'Hör zu', voice: 'alloy' },
      {
        units: { characters: 6 },
        noTokens: 'speech of this model is billed by the character, and its answers tell no tokens',
      },
    ),
  ],
  '/v1/audio/transcriptions': [
    form('/v1/audio/transcriptions', { model: 'gpt-4o-transcribe', file: toneWav() }, {}),
    form('/v1/audio/transcriptions', { model: 'gpt-4o-transcribe', stream: 'true', file: toneWav() }, {}),
    form(
      '/v1/audio/transcriptions',
      { model: 'whisper-1', file: toneWav() },
      {
        units: { seconds: 2 },
        noTokens: 'sound is billed by the second here',
      },
    ),
    form(
      '/v1/audio/transcriptions',
      { model: 'whisper-1', response_format: 'verbose_json', file: toneWav() },
      {
        units: { seconds: 2 },
        noTokens: 'sound is billed by the second here',
      },
    ),
  ],
  '/v1/audio/translations': [
    form(
      '/v1/audio/translations',
      { model: 'whisper-1', response_format: 'verbose_json', file: toneWav() },
      {
        units: { seconds: 2 },
        noTokens: 'sound is billed by the second here',
      },
    ),
  ],
  '/v1/moderations': [
    post('/v1/moderations', 'openai', { model: 'omni-moderation-latest', input: 'hello' }, { noTokens: 'it is free' }),
  ],
  '/v1/messages': [
    post('/v1/messages', 'anthropic', CLAUDE),
    post('/v1/messages', 'anthropic', { ...CLAUDE, stream: true }),
    post('/v1/messages', 'openai', { ...CLAUDE, model: 'gpt-5-mini', stream: true }),
  ],
  '/anthropic/v1/messages': [post('/anthropic/v1/messages', 'anthropic', CLAUDE)],
  '/v1/messages/count_tokens': [
    post(
      '/v1/messages/count_tokens',
      'anthropic',
      { model: 'claude-sonnet-4-5', messages: MESSAGES },
      { noTokens: FREE },
    ),
  ],
  '/anthropic/v1/messages/count_tokens': [
    post(
      '/anthropic/v1/messages/count_tokens',
      'anthropic',
      { model: 'claude-sonnet-4-5', messages: MESSAGES },
      {
        noTokens: FREE,
      },
    ),
  ],
  '/tokenize': [post('/tokenize', 'vllm', { model: 'Qwen/Qwen3-8B', prompt: 'Is all well?' }, { noTokens: FREE })],
  '/v2/chat': [post('/v2/chat', 'cohere', COHERE_CHAT), post('/v2/chat', 'cohere', { ...COHERE_CHAT, stream: true })],
  '/cohere/v2/chat': [post('/cohere/v2/chat', 'openai', { ...COHERE_CHAT, model: 'gpt-5-mini' })],
  '/v2/embed': [post('/v2/embed', 'cohere', EMBED)],
  '/cohere/v2/embed': [post('/cohere/v2/embed', 'openai', { ...EMBED, model: 'text-embedding-3-small' })],
  '/v2/rerank': [
    post('/v2/rerank', 'cohere', RERANK, { units: { searchUnits: 1 }, noTokens: 'search units are what is billed' }),
  ],
  '/cohere/v2/rerank': [
    post('/cohere/v2/rerank', 'cohere', RERANK, {
      units: { searchUnits: 1 },
      noTokens: 'search units are what is billed',
    }),
  ],
  '/v1/files': [
    form('/v1/files', { purpose: 'batch', file: Buffer.from('{}') }, { noTokens: 'files are kept, not read' }),
    { method: 'GET', path: '/v1/files', provider: 'openai', noTokens: 'files are kept, not read' },
  ],
  '/v1/uploads': [
    { method: 'GET', path: '/v1/uploads/upload_1', provider: 'openai', noTokens: 'files are kept, not read' },
  ],
  '/v1/batches': [
    { method: 'GET', path: '/v1/batches', provider: 'openai', noTokens: 'a list of batches tells of none' },
  ],
  '/v1/fine_tuning': [
    { method: 'GET', path: '/v1/fine_tuning/jobs', provider: 'openai', noTokens: 'training is billed by the job' },
  ],
  '/v1beta/models/MODEL:generateContent': [post('/v1beta/models/gemini-2.5-flash:generateContent', 'google', CONTENTS)],
  '/v1beta/models/MODEL:streamGenerateContent': [
    post('/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse', 'google', CONTENTS),
  ],
  '/v1beta/models/MODEL:countTokens': [
    post('/v1beta/models/gemini-2.5-flash:countTokens', 'google', CONTENTS, { noTokens: FREE }),
  ],
  '/v1beta/models/MODEL:embedContent': [
    post('/v1beta/models/text-embedding-3-small:embedContent', 'openai', { content: { parts: [{ text: 'one' }] } }),
  ],
  '/v1beta/models/MODEL:batchEmbedContents': [
    post('/v1beta/models/text-embedding-3-small:batchEmbedContents', 'openai', {
      requests: [{ model: 'models/text-embedding-3-small', content: { parts: [{ text: 'one' }] } }],
    }),
  ],
  '/model/MODEL/converse': [post('/model/anthropic.claude-haiku-4-5/converse', 'aws-bedrock', CONVERSE)],
  '/model/MODEL/converse-stream': [post('/model/anthropic.claude-haiku-4-5/converse-stream', 'aws-bedrock', CONVERSE)],
  '/model/MODEL/count-tokens': [
    post(
      '/model/anthropic.claude-haiku-4-5/count-tokens',
      'aws-bedrock',
      { input: { converse: { messages: CONVERSE.messages } } },
      { noTokens: FREE },
    ),
  ],
  '/api/chat': [
    post('/api/chat', 'ollama', { model: 'qwen3:8b', messages: MESSAGES }),
    post('/api/chat', 'openai', { model: 'gpt-5-mini', messages: MESSAGES, stream: false }),
  ],
  '/api/generate': [post('/api/generate', 'ollama', { model: 'qwen3:8b', prompt: 'Is all well?', stream: false })],
  '/generate': [post('/generate', 'tgi', { inputs: 'Is all well?', parameters: { details: true } })],
  '/generate_stream': [post('/generate_stream', 'tgi', { inputs: 'Is all well?' })],
};
