import type { DialectName } from '../../../src/dialects/names.ts';
import type { JsonObject } from '../../../src/json/types.ts';
import { createMockServer } from '../../../src/mock/server.ts';
import type { Envelope } from '../../../src/providers/provider.ts';

/** An answer of a provider, whole and streamed, as it comes over the wire. */
export interface ProviderAnswers {
  /** Names the API, its envelope and what was asked. */
  name: string;
  dialect: DialectName;
  envelope: Envelope | undefined;
  whole: JsonObject;
  wholeHeaders: Headers;
  stream: Buffer;
}

const OBJECT: JsonObject = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
  required: ['city', 'days'],
};
const TOOLS = ['get_weather', 'get_traffic'].map((name) => ({
  name,
  description: `${name} of a city`,
  schema: OBJECT,
}));

interface Question {
  text: string;
  tools: boolean;
  think: boolean;
}

const QUESTIONS: Readonly<Record<string, Question>> = {
  text: { text: 'Grüße aus Zürich 👋🏽, 東京 & "Łódź"\\n', tools: false, think: false },
  'thought and text': { text: 'How are you today?', tools: false, think: true },
  'parallel tools': { text: 'Please call all tools.', tools: true, think: false },
};

interface ProviderApi {
  dialect: DialectName;
  envelope?: Envelope;
  asks(question: Question): boolean;
  path(stream: boolean): string;
  body(question: Question, stream: boolean): JsonObject;
}

const always = () => true;
const openAiTools = (question: Question): JsonObject =>
  question.tools
    ? {
        tools: TOOLS.map(({ name, description, schema }) => ({
          type: 'function',
          function: { name, description, parameters: schema },
        })),
      }
    : {};
const said = ({ text }: Question) => [{ role: 'user', content: text }];
const claude = (question: Question): JsonObject => ({
  max_tokens: 4096,
  messages: said(question),
  ...(question.tools
    ? { tools: TOOLS.map(({ name, description, schema }) => ({ name, description, input_schema: schema })) }
    : {}),
  ...(question.think ? { thinking: { type: 'enabled', budget_tokens: 1024 } } : {}),
});

const APIS: readonly ProviderApi[] = [
  {
    dialect: 'openai-chat',
    asks: always,
    path: () => '/v1/chat/completions',
    body: (question, stream) => ({
      model: 'deepseek-r1',
      messages: said(question),
      ...openAiTools(question),
      ...(question.think ? { reasoning_effort: 'medium' } : {}),
      ...(stream ? { stream, stream_options: { include_usage: true } } : {}),
    }),
  },
  {
    dialect: 'openai-responses',
    asks: always,
    path: () => '/v1/responses',
    body: (question, stream) => ({
      model: 'gpt-5-mini',
      input: question.text,
      ...(question.tools
        ? { tools: TOOLS.map(({ name, schema }) => ({ type: 'function', name, parameters: schema, strict: false })) }
        : {}),
      ...(question.think ? { reasoning: { effort: 'medium', summary: 'auto' } } : {}),
      ...(stream ? { stream } : {}),
    }),
  },
  {
    dialect: 'anthropic',
    asks: always,
    path: () => '/v1/messages',
    body: (question, stream) => ({ model: 'claude-sonnet-4-5', ...claude(question), ...(stream ? { stream } : {}) }),
  },
  {
    dialect: 'anthropic',
    envelope: 'bedrock-invoke',
    asks: always,
    path: (stream) => `/model/anthropic.claude-sonnet-4-5/${stream ? 'invoke-with-response-stream' : 'invoke'}`,
    body: (question) => ({ anthropic_version: 'bedrock-2023-05-31', ...claude(question) }),
  },
  {
    dialect: 'bedrock-converse',
    asks: always,
    path: (stream) => `/model/anthropic.claude-sonnet-4-5/${stream ? 'converse-stream' : 'converse'}`,
    body: (question) => ({
      messages: [{ role: 'user', content: [{ text: question.text }] }],
      ...(question.tools
        ? {
            toolConfig: {
              tools: TOOLS.map(({ name, schema }) => ({ toolSpec: { name, inputSchema: { json: schema } } })),
            },
          }
        : {}),
      ...(question.think
        ? { additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 1024 } } }
        : {}),
    }),
  },
  {
    dialect: 'gemini',
    asks: always,
    path: (stream) => `/v1beta/models/gemini-2.5-flash:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    body: (question) => ({
      contents: [{ role: 'user', parts: [{ text: question.text }] }],
      ...(question.tools
        ? { tools: [{ functionDeclarations: TOOLS.map(({ name, schema }) => ({ name, parameters: schema })) }] }
        : {}),
      ...(question.think ? { generationConfig: { thinkingConfig: { includeThoughts: true } } } : {}),
    }),
  },
  {
    dialect: 'cohere-chat',
    asks: always,
    path: () => '/v2/chat',
    body: (question, stream) => ({
      model: 'command-a-reasoning-08-2025',
      messages: said(question),
      ...openAiTools(question),
      ...(question.think ? { thinking: { type: 'enabled' } } : {}),
      ...(stream ? { stream } : {}),
    }),
  },
  {
    dialect: 'tgi',
    asks: ({ tools, think }) => !tools && !think,
    path: (stream) => (stream ? '/generate_stream' : '/generate'),
    body: ({ text }) => ({ inputs: text, parameters: { details: true } }),
  },
  {
    dialect: 'ollama-chat',
    asks: always,
    path: () => '/api/chat',
    body: (question, stream) => ({
      model: 'qwen3:8b',
      messages: said(question),
      ...openAiTools(question),
      ...(question.think ? { think: true } : {}),
      stream,
    }),
  },
];

async function post(url: string, body: JsonObject): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'x-mock-cached-tokens': '2' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (response.status !== 200) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response;
}

/** Answers of every provider API, whole and streamed: text beyond ASCII, thoughts, calls of several tools. */
export async function recordProviderAnswers(): Promise<ProviderAnswers[]> {
  const mock = createMockServer({ seed: 1 });
  const { url } = await mock.listen();
  try {
    const answers: ProviderAnswers[] = [];
    for (const api of APIS) {
      for (const [what, question] of Object.entries(QUESTIONS)) {
        if (!api.asks(question)) continue;
        const whole = await post(url + api.path(false), api.body(question, false));
        const streamed = await post(url + api.path(true), api.body(question, true));
        answers.push({
          name: `${api.dialect}${api.envelope === undefined ? '' : ` in ${api.envelope}`}: ${what}`,
          dialect: api.dialect,
          envelope: api.envelope,
          whole: (await whole.json()) as JsonObject,
          wholeHeaders: whole.headers,
          stream: Buffer.from(await streamed.arrayBuffer()),
        });
      }
    }
    return answers;
  } finally {
    await mock.close();
  }
}
