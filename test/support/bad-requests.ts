import { requestText } from './raw-client.ts';

/** How the gateway's refusal must look. */
export type ErrorShape = 'openai' | 'anthropic' | 'gemini' | 'bedrock' | 'cohere' | 'text';

/** One way to send something that cannot be served. */
export interface BadRequest {
  name: string;
  shape: ErrorShape;
  status: number;
  /** The gateway's `error.code`, where its own refusal is expected in OpenAI's form. */
  code?: string;
  /** The bytes, in the pieces in which they go out. */
  pieces(): readonly (string | Uint8Array)[];
  /** How many answers come before the refusal. */
  before?: number;
}

/** Limits that `BAD_REQUESTS` run into. */
export const SMALL_LIMITS = 'limits: { max_body: 64Ki, max_header: 16Ki }\n';

const CHAT = 'POST /v1/chat/completions';
const MESSAGES = 'POST /v1/messages';
const GOOD_CHAT = { model: 'gpt-test', messages: [{ role: 'user', content: 'Hello' }] };
const GOOD_MESSAGES = { model: 'claude-test', max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }] };
const BOUNDARY = 'frontier';

type Expectation = Pick<BadRequest, 'status'> & Partial<Pick<BadRequest, 'code' | 'shape' | 'before'>>;

function bytes(name: string, expected: Expectation, ...pieces: (string | Uint8Array)[]): BadRequest {
  return { name, shape: 'openai', ...expected, pieces: () => pieces };
}

/** A body on the chat endpoint that is not even JSON with a model. */
function chatText(name: string, body: string | Uint8Array, code = 'malformed_request'): BadRequest {
  return bytes(name, { status: 400, code }, requestText(CHAT, { body }));
}

/** A chat body for a model behind a translation. */
function translated(name: string, fields: Record<string, unknown>): BadRequest {
  const body = JSON.stringify({ ...GOOD_CHAT, model: 'claude-test', ...fields });
  return bytes(`${name}, on the way to Anthropic`, { status: 400 }, requestText(CHAT, { body }));
}

/** A messages body: first for a model behind a translation, then for one whose provider has the same API. */
function messages(name: string, fields: Record<string, unknown>): BadRequest[] {
  return ['gpt-test', 'claude-test'].map((model) => {
    const body = JSON.stringify({ ...GOOD_MESSAGES, ...fields, model });
    return bytes(`${name}, for ${model}`, { status: 400, shape: 'anthropic' }, requestText(MESSAGES, { body }));
  });
}

function form(name: string, expected: Expectation, body: string, type = `multipart/form-data; boundary=${BOUNDARY}`) {
  return bytes(
    name,
    expected,
    requestText('POST /v1/audio/transcriptions', { body, headers: { 'content-type': type } }),
  );
}

function part(name: string, value: string, extra = ''): string {
  return `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"${extra}\r\n\r\n${value}\r\n`;
}

const END = `--${BOUNDARY}--\r\n`;
const SOUND = part('file', 'RIFF', '; filename="a.wav"');
const nested = (depth: number) =>
  `{"model":"gpt-test","messages":${'['.repeat(depth)}${']'.repeat(depth)},"stream":false}`;
const json = (value: unknown) => JSON.stringify(value);

const MALFORMED_JSON: BadRequest[] = [
  chatText('empty body', ''),
  chatText('body cut in a string', '{"model":"gpt-te'),
  chatText('body cut behind a comma', '{"model":"gpt-test",'),
  chatText('trailing comma', '{"model":"gpt-test","messages":[],}'),
  chatText('single quotes', "{'model':'gpt-test'}"),
  chatText('unquoted key', '{model:"gpt-test"}'),
  chatText('comment in JSON', '{"model":"gpt-test"/* no */}'),
  chatText('NaN', '{"model":"gpt-test","temperature":NaN}'),
  chatText('something after the object', '{"model":"gpt-test"} {}'),
  chatText('array as body', '[{"model":"gpt-test"}]'),
  chatText('string as body', '"gpt-test"'),
  chatText('null as body', 'null'),
  chatText('form fields as body', 'model=gpt-test&messages=hi'),
  chatText('bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0x6d, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])),
  chatText('byte order mark of UTF-16', Buffer.from(`\ufeff${json(GOOD_CHAT)}`, 'utf16le')),
  chatText('null bytes around the object', `\0${json(GOOD_CHAT)}\0`),
  chatText('unescaped control character in a key', '{"mo\u0001del":"gpt-test"}'),
  chatText('two models', '{"model":"gpt-test","messages":[],"model":"gpt-other"}'),
  chatText('two models, one in escapes', '{"model":"gpt-test","messages":[],"mod\\u0065l":"gpt-other"}'),
  chatText('nesting 10,000 deep', nested(10_000)),
  chatText('wrong escape in the model', '{"model":"gpt\\x41"}'),
];

const WRONG_FIELDS: BadRequest[] = [
  chatText('no model', json({ messages: [] }), 'invalid_request'),
  chatText('empty object', '{}', 'invalid_request'),
  chatText('empty model', json({ ...GOOD_CHAT, model: '' }), 'invalid_request'),
  chatText('model of 5,000 characters', json({ ...GOOD_CHAT, model: 'm'.repeat(5000) }), 'invalid_request'),
  chatText('number as model', json({ ...GOOD_CHAT, model: 4 }), 'invalid_request'),
  chatText('null as model', json({ ...GOOD_CHAT, model: null }), 'invalid_request'),
  chatText('list as model', json({ ...GOOD_CHAT, model: ['gpt-test'] }), 'invalid_request'),
  chatText('text as stream', json({ ...GOOD_CHAT, stream: 'yes' }), 'invalid_request'),
  chatText('model only under __proto__', '{"__proto__":{"model":"gpt-test"},"messages":[]}', 'invalid_request'),
  chatText('model only under constructor', '{"constructor":{"prototype":{"model":"gpt-test"}}}', 'invalid_request'),
  bytes(
    'unknown model that breaks out of JSON and HTML',
    { status: 404, code: 'model_not_found' },
    requestText(CHAT, { body: json({ ...GOOD_CHAT, model: '"}\r\nset-cookie: a=b\r\n\r\n<script>\u2028\ud800' }) }),
  ),
  bytes(
    'model named like a property of every object',
    { status: 404, code: 'model_not_found' },
    requestText(CHAT, { body: json({ ...GOOD_CHAT, model: '__proto__' }) }),
  ),
  bytes(
    'cluster that no route names',
    { status: 404, code: 'model_not_found' },
    requestText(CHAT, { body: json({ ...GOOD_CHAT, model: 'constructor/gpt' }) }),
  ),
  bytes('body the provider refuses', { status: 400 }, requestText(CHAT, { body: json({ model: 'gpt-test' }) })),
];

const WRONG_PATHS: BadRequest[] = [
  bytes('path of no API', { status: 404, shape: 'text' }, requestText('POST /chat', { body: '{}' })),
  bytes('root', { status: 404, shape: 'text' }, requestText('GET /')),
  bytes(
    'unknown path of OpenAI',
    { status: 404, code: 'unknown_path' },
    requestText('POST /v1/chat/nothing', { body: '{}' }),
  ),
  bytes(
    'unknown path of Anthropic',
    { status: 404, shape: 'anthropic' },
    requestText('POST /v1/messages/nothing', { body: '{}' }),
  ),
  bytes('GET of an operation', { status: 405, code: 'method_not_allowed' }, requestText('GET /v1/chat/completions')),
  bytes(
    'PATCH of an operation',
    { status: 405, shape: 'anthropic' },
    requestText('PATCH /v1/messages', { body: '{}' }),
  ),
  bytes(
    'POST to the models',
    { status: 405, code: 'method_not_allowed' },
    requestText('POST /v1/models', { body: '{}' }),
  ),
  bytes(
    'model that is not listed',
    { status: 404, code: 'model_not_found' },
    requestText('GET /v1/models/..%2f..%2fetc'),
  ),
  bytes('model id with broken escapes', { status: 400, code: 'invalid_request' }, requestText('GET /v1/models/%ff%zz')),
  ...['..%2f..%2fadmin', '../../admin', '%2e%2e/admin', 'a//b', '..\\admin', '..%5cadmin'].map((path) =>
    bytes(`files/${path}`, { status: 404, code: 'unknown_path' }, requestText(`GET /v1/files/${path}`)),
  ),
  bytes(
    'CR and LF in escapes',
    { status: 404, code: 'unknown_path' },
    requestText('GET /v1/nothing%0d%0aset-cookie:a'),
  ),
  bytes(
    'host that no service has',
    { status: 404, code: 'route_not_found' },
    requestText(CHAT, { body: json(GOOD_CHAT), headers: { host: 'elsewhere.example' } }),
  ),
];

const WRONG_HEADERS: BadRequest[] = [
  bytes(
    'compressed body',
    { status: 415, code: 'unsupported_content_encoding' },
    requestText(CHAT, { body: json(GOOD_CHAT), headers: { 'content-encoding': 'gzip' } }),
  ),
  bytes(
    'image as chat',
    { status: 415, code: 'unsupported_media_type' },
    requestText(CHAT, { body: 'GIF89a', headers: { 'content-type': 'image/gif' } }),
  ),
  bytes(
    '201 headers',
    { status: 431, code: 'headers_too_large' },
    requestText(CHAT, {
      body: json(GOOD_CHAT),
      headers: Object.fromEntries(Array.from({ length: 201 }, (_, index) => [`x-a${index}`, '1'])),
    }),
  ),
  bytes(
    'header block over the limit',
    { status: 431, code: 'headers_too_large' },
    requestText(CHAT, { body: json(GOOD_CHAT), headers: { 'x-big': 'a'.repeat(20_000) } }),
  ),
  bytes(
    'declared body over the limit',
    { status: 413, code: 'request_too_large' },
    requestText(CHAT, { headers: { 'content-type': 'application/json', 'content-length': '70000' } }),
  ),
  bytes(
    'declared body over the limit, sent',
    { status: 413, shape: 'anthropic' },
    requestText(MESSAGES, { body: `{"model":"claude-test","x":"${'x'.repeat(70_000)}"}` }),
  ),
  bytes(
    'chunked body over the limit',
    { status: 413, code: 'request_too_large' },
    requestText(CHAT, { headers: { 'transfer-encoding': 'chunked' } }),
    ...Array.from({ length: 5 }, () => `4000\r\n${'x'.repeat(0x4000)}\r\n`),
  ),
];

const WRONG_HTTP: BadRequest[] = [
  bytes(
    'chunk size that is none',
    { status: 400, code: 'malformed_request' },
    requestText(CHAT, { headers: { 'transfer-encoding': 'chunked' } }),
    'zz\r\nxx\r\n',
  ),
  bytes(
    'length and chunks at once',
    { status: 400, code: 'malformed_request' },
    requestText(CHAT, { body: json(GOOD_CHAT), headers: { 'transfer-encoding': 'chunked' } }),
  ),
  bytes(
    'length that is no number',
    { status: 400, code: 'malformed_request' },
    requestText(CHAT, { headers: { 'content-length': '1e3' } }),
  ),
  bytes(
    'two lengths',
    { status: 400, code: 'malformed_request' },
    `${CHAT} HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}`,
  ),
  bytes('no HTTP at all', { status: 400, code: 'malformed_request' }, 'SSH-2.0-OpenSSH_9.6\r\n\r\n'),
  bytes(
    'start of a TLS connection',
    { status: 400, code: 'malformed_request' },
    Buffer.from('16030100f8010000f40303', 'hex'),
    '\r\n\r\n',
  ),
  bytes('unknown method', { status: 400, code: 'malformed_request' }, 'BREW /v1/models HTTP/1.1\r\nhost: a\r\n\r\n'),
  bytes('HTTP/9.9', { status: 400, code: 'malformed_request' }, `${CHAT} HTTP/9.9\r\nhost: a\r\n\r\n`),
  bytes(
    'space before the colon of a header',
    { status: 400, code: 'malformed_request' },
    'GET /v1/models HTTP/1.1\r\nhost : a\r\n\r\n',
  ),
  bytes(
    'null byte in a header',
    { status: 400, code: 'malformed_request' },
    'GET /v1/models HTTP/1.1\r\nhost: a\r\nx-a: b\0c\r\n\r\n',
  ),
  bytes(
    'bare CR in a header',
    { status: 400, code: 'malformed_request' },
    'GET /v1/models HTTP/1.1\r\nhost: a\r\nx-a: b\rx-aigw-admin: 1\r\n\r\n',
  ),
  bytes(
    'HTTP/1.0 with a broken body',
    { status: 400, code: 'malformed_request' },
    `${CHAT} HTTP/1.0\r\nhost: localhost\r\ncontent-length: 3\r\n\r\n{x}`,
  ),
  bytes(
    'bad request piped behind a good one',
    { status: 400, code: 'malformed_request', before: 1 },
    Buffer.concat([requestText('GET /v1/models'), requestText(CHAT, { body: '{"model"' })]),
  ),
];

const WRONG_FORMS: BadRequest[] = [
  form('form without boundary', { status: 415, code: 'unsupported_media_type' }, SOUND + END, 'multipart/form-data'),
  form('text as a form', { status: 415, code: 'unsupported_media_type' }, 'model=whisper', 'text/plain'),
  form('form with another boundary', { status: 400, code: 'malformed_request' }, '--other\r\n\r\n--other--\r\n'),
  form('form without its end', { status: 400, code: 'malformed_request' }, part('model', 'gpt-test') + SOUND),
  form('form without a model', { status: 400, code: 'invalid_request' }, SOUND + END),
  form(
    'form with two models',
    { status: 400, code: 'malformed_request' },
    part('model', 'gpt-test') + SOUND + part('model', 'gpt-other') + END,
  ),
  form('form part without header', { status: 400, code: 'malformed_request' }, `--${BOUNDARY}\r\nmodel${END}`),
  form(
    'form of 2,000 parts',
    { status: 400, code: 'malformed_request' },
    `--${BOUNDARY}\r\n\r\n\r\n`.repeat(2000) + END,
  ),
];

const WRONG_CONVERSATIONS: BadRequest[] = [
  translated('messages as text', { messages: 'Hello' }),
  translated('messages as object', { messages: { role: 'user' } }),
  translated('no messages', { messages: undefined }),
  translated('null among messages', { messages: [null] }),
  translated('message without role', { messages: [{ content: 'Hello' }] }),
  translated('unknown role', { messages: [{ role: 'wizard', content: 'Hello' }] }),
  translated('number as content', { messages: [{ role: 'user', content: 42 }] }),
  translated('part of unknown type', { messages: [{ role: 'user', content: [{ type: 'smell', smell: {} }] }] }),
  translated('image without URL', { messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }),
  translated('tools as text', { tools: 'all' }),
  translated('tool without function', { tools: [{ type: 'function' }] }),
  translated('tool choice of a wrong type', { tools: [], tool_choice: 7 }),
  translated('max_tokens as text', { max_tokens: 'many' }),
  translated('temperature as text', { temperature: 'hot' }),
  translated('stop as object', { stop: {} }),
  ...messages('Anthropic messages as text', { messages: 'Hello' }),
  ...messages('Anthropic content as number', { messages: [{ role: 'user', content: 1 }] }),
  ...messages('Anthropic message as text', { messages: ['Hello'] }),
  ...messages('Anthropic tool without name', { tools: [{ input_schema: {} }] }),
  ...messages('Anthropic max_tokens as text', { max_tokens: 'many' }),
  bytes(
    'Anthropic without model',
    { status: 400, shape: 'anthropic' },
    requestText(MESSAGES, { body: json({ ...GOOD_MESSAGES, model: undefined }) }),
  ),
  bytes('Anthropic broken JSON', { status: 400, shape: 'anthropic' }, requestText(MESSAGES, { body: '{"model":' })),
  bytes(
    'Anthropic unknown model',
    { status: 404, shape: 'anthropic' },
    requestText(MESSAGES, { body: json({ ...GOOD_MESSAGES, model: 'unheard-of' }) }),
  ),
  bytes(
    'wrong escape in stream_options',
    { status: 400 },
    requestText(CHAT, { body: '{"model":"gpt-test","messages":[],"stream":true,"stream_options":{"a":"\\q"}}' }),
  ),
  bytes(
    'wrong escape in a message, on the way to Anthropic',
    { status: 400, code: 'malformed_request' },
    requestText(CHAT, { body: '{"model":"claude-test","messages":[{"role":"user","content":"\\q"}]}' }),
  ),
];

/** The same few mistakes in each of the other client APIs. */
const OTHER_CLIENTS: BadRequest[] = (
  [
    ['gemini', '/v1beta/models/gpt-test:generateContent', '/v1beta/models/unheard:generateContent', '/v1beta/nothing'],
    ['bedrock', '/model/gpt-test/converse', '/model/unheard/converse', '/model/gpt-test/nothing'],
  ] as const
).flatMap(([shape, path, unheard, nothing]) => [
  bytes(`${shape}: broken JSON`, { status: 400, shape }, requestText(`POST ${path}`, { body: '{"contents"' })),
  bytes(`${shape}: list as body`, { status: 400, shape }, requestText(`POST ${path}`, { body: '[]' })),
  bytes(
    `${shape}: conversation as text`,
    { status: 400, shape },
    requestText(`POST ${path}`, { body: json({ contents: 'Hello', messages: 'Hello' }) }),
  ),
  bytes(
    `${shape}: odd conversation`,
    { status: 400, shape },
    requestText(`POST ${path}`, { body: json({ contents: [7], messages: [7] }) }),
  ),
  bytes(
    `${shape}: too large`,
    { status: 413, shape },
    requestText(`POST ${path}`, { body: json({ x: 'x'.repeat(70_000) }) }),
  ),
  bytes(`${shape}: unknown model`, { status: 404, shape }, requestText(`POST ${unheard}`, { body: '{}' })),
  bytes(`${shape}: unknown path`, { status: 404, shape }, requestText(`POST ${nothing}`, { body: '{}' })),
  bytes(`${shape}: GET`, { status: 405, shape }, requestText(`GET ${path}`)),
  bytes(
    `${shape}: model with broken escapes`,
    { status: 404, shape },
    requestText(`POST ${path.replace('gpt', '%ff%zz')}`, { body: '{}' }),
  ),
  bytes(
    `${shape}: endless model`,
    { status: 400, shape },
    requestText(`POST ${path.replace('gpt', 'g'.repeat(5000))}`, { body: '{}' }),
  ),
]);

const COHERE: BadRequest[] = [
  bytes('cohere: broken JSON', { status: 400, shape: 'cohere' }, requestText('POST /v2/chat', { body: '{' })),
  bytes('cohere: no model', { status: 400, shape: 'cohere' }, requestText('POST /v2/chat', { body: '{}' })),
  bytes(
    'cohere: messages as text',
    { status: 400, shape: 'cohere' },
    requestText('POST /v2/chat', { body: json({ model: 'gpt-test', messages: 'Hello' }) }),
  ),
  bytes('cohere: unknown path', { status: 404, shape: 'cohere' }, requestText('POST /v2/nothing', { body: '{}' })),
  bytes('cohere: GET', { status: 405, shape: 'cohere' }, requestText('GET /v2/rerank')),
];

/** Everything that is wrong in some way, each with the refusal it must get. */
export const BAD_REQUESTS: readonly BadRequest[] = [
  ...MALFORMED_JSON,
  ...WRONG_FIELDS,
  ...WRONG_PATHS,
  ...WRONG_HEADERS,
  ...WRONG_HTTP,
  ...WRONG_FORMS,
  ...WRONG_CONVERSATIONS,
  ...OTHER_CLIENTS,
  ...COHERE,
];
