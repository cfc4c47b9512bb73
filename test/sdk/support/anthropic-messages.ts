import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import type { SdkCase, SdkOperation } from './sdk-table.ts';

type Case = SdkCase<Anthropic>;
/** Applications of earlier SDKs set a temperature, which the types of the present one no longer name. */
type Request = Anthropic.MessageCreateParamsNonStreaming & { temperature?: number };

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const WEATHER: Anthropic.Tool = {
  name: 'get_weather',
  description: 'The weather of a city',
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
const TIME: Anthropic.Tool = {
  name: 'get_time',
  input_schema: { type: 'object', properties: { zone: { type: 'string' } }, required: ['zone'] },
};

function ask({ provider }: Case, content: Anthropic.MessageParam['content'], rest: Partial<Request> = {}): Request {
  return { model: provider.chatModel, max_tokens: 400, messages: [{ role: 'user', content }], ...rest };
}

function textOf(message: Anthropic.Message): string {
  return message.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
}

function toolUses(message: Anthropic.Message): Anthropic.ToolUseBlock[] {
  return message.content.filter((block) => block.type === 'tool_use');
}

/** What the mock says to a tool's result; Gemini wraps results in an object. */
function answered(tool: string, result: string): RegExp {
  return new RegExp(`The tool ${tool} answered: (?:\\{"output":")?${result}\\b`);
}

async function messages(context: Case): Promise<void> {
  const { data, response } = await context.client.messages
    .create({
      model: context.provider.chatModel,
      max_tokens: 400,
      system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
      messages: [
        { role: 'user', content: 'Hello' },
        { role: 'assistant', content: [{ type: 'text', text: 'Hi.' }] },
        { role: 'user', content: [{ type: 'text', text: 'Grüße, 世界 🌍' }] },
      ],
    })
    .withResponse();
  assert.equal(data.type, 'message');
  assert.equal(data.role, 'assistant');
  assert.equal(data.stop_reason, 'end_turn');
  assert.match(textOf(data), /^You said: Grüße, 世界 🌍\./);
  assert.ok(data.usage.input_tokens > 0 && data.usage.output_tokens > 0);
  assert.equal(response.headers.get('x-aigw-cluster'), context.provider.name);
}

async function parameters(context: Case): Promise<void> {
  const short = await context.client.messages.create(ask(context, 'Hello', { max_tokens: 3, temperature: 0.5 }));
  assert.equal(short.stop_reason, 'max_tokens');
  assert.equal(short.usage.output_tokens, 3);
  const stopped = await context.client.messages.create(ask(context, 'Hello', { stop_sequences: ['Hello'] }));
  assert.equal(textOf(stopped).trimEnd(), 'You said:');
  assert.match(stopped.stop_reason ?? '', /^(?:stop_sequence|end_turn)$/);
}

async function images(context: Case): Promise<void> {
  const image: Anthropic.ImageBlockParam = {
    type: 'image',
    source: { type: 'base64', media_type: 'image/png', data: PIXEL },
  };
  const told = await context.client.messages.create(ask(context, [image, { type: 'text', text: 'What is this?' }]));
  assert.match(textOf(told), /^You said: What is this\? I received 1 image\./);
}

async function streamEvents(context: Case): Promise<void> {
  const whole = await context.client.messages.create(ask(context, 'Hello 世界'));
  const types: string[] = [];
  let text = '';
  let usage: Anthropic.MessageDeltaUsage | undefined;
  for await (const event of await context.client.messages.create({ ...ask(context, 'Hello 世界'), stream: true })) {
    if (types.at(-1) !== event.type) types.push(event.type);
    if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text;
    if (event.type === 'message_delta') usage = event.usage;
  }
  assert.equal(text, textOf(whole));
  assert.equal(usage?.output_tokens, whole.usage.output_tokens);
  assert.deepEqual(
    types.filter((type) => type !== 'ping'),
    [
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ],
  );
}

async function streamHelper(context: Case): Promise<void> {
  const stream = context.client.messages.stream(ask(context, 'Hello'));
  let text = '';
  stream.on('text', (delta) => {
    text += delta;
  });
  const final = await stream.finalMessage();
  assert.match(text, /^You said: Hello\./);
  assert.equal(textOf(final), text);
  assert.equal(final.stop_reason, 'end_turn');
  assert.ok(final.usage.output_tokens > 0);
}

async function toolLoop(context: Case): Promise<void> {
  const { client, provider } = context;
  const history: Anthropic.MessageParam[] = [{ role: 'user', content: 'call the tool' }];
  const next = async (choice?: Anthropic.ToolChoice) => {
    const message = await client.messages.create({
      model: provider.chatModel,
      max_tokens: 400,
      tools: [WEATHER, TIME],
      messages: history,
      ...(choice === undefined ? {} : { tool_choice: choice }),
    });
    history.push({ role: 'assistant', content: message.content });
    return message;
  };
  const first = await next({ type: 'auto' });
  assert.equal(first.stop_reason, 'tool_use');
  const [weather] = toolUses(first);
  assert.ok(weather);
  assert.deepEqual([weather.name, weather.input], ['get_weather', { city: 'example city' }]);
  history.push({ role: 'user', content: [{ type: 'tool_result', tool_use_id: weather.id, content: 'sunny' }] });

  const second = await next({ type: 'tool', name: 'get_time' });
  const [time] = toolUses(second);
  assert.equal(time?.name, 'get_time');
  assert.ok(time);
  const failed: Anthropic.ToolResultBlockParam = {
    type: 'tool_result',
    tool_use_id: time.id,
    is_error: true,
    content: [{ type: 'text', text: 'clock broken' }],
  };
  history.push({ role: 'user', content: [failed] });

  const third = await next();
  assert.equal(third.stop_reason, 'end_turn');
  assert.match(textOf(third), /The tool get_time answered: .*clock broken/);
}

async function parallelTools(context: Case): Promise<void> {
  const { client } = context;
  const request = ask(context, 'call all tools', { tools: [WEATHER, TIME] });
  const stream = client.messages.stream(request);
  const partial: string[] = [];
  stream.on('inputJson', (_, snapshot) => partial.push(JSON.stringify(snapshot)));
  const asked = await stream.finalMessage();
  assert.equal(asked.stop_reason, 'tool_use');
  const calls = toolUses(asked);
  assert.deepEqual(
    calls.map(({ name, input }) => [name, Object.keys(input as object)]),
    [
      ['get_weather', ['city']],
      ['get_time', ['zone']],
    ],
  );
  assert.equal(new Set(calls.map(({ id }) => id)).size, 2);
  assert.ok(partial.length >= 2);
  const results = calls.map(({ id, name }) => ({
    type: 'tool_result' as const,
    tool_use_id: id,
    content: `of ${name}`,
  }));
  const told = await client.messages.create({
    ...request,
    messages: [...request.messages, { role: 'assistant', content: asked.content }, { role: 'user', content: results }],
  });
  assert.match(textOf(told), answered('get_weather', 'of get_weather'));
  assert.match(textOf(told), answered('get_time', 'of get_time'));
}

/** Models of OpenAI's own keep their thoughts to themselves. */
function showsThoughts({ provider }: Case): boolean {
  return provider.name !== 'openai' && provider.name !== 'azure-openai';
}

const THINKING = { type: 'enabled' as const, budget_tokens: 2000 };

/** Thoughts come before the text, and a turn with a tool call in it takes them back unchanged. */
async function thinking(context: Case): Promise<void> {
  const { client, provider, sent } = context;
  const base = { model: provider.thinkingModel, max_tokens: 4000, thinking: THINKING };
  const whole = await client.messages.create({ ...base, messages: [{ role: 'user', content: 'Think' }] });
  assert.match(textOf(whole), /^You said: Think\./);
  assert.match(sent()[0]?.body ?? '', /reasoning_effort|"thinking"|reasoning_config|thinkingConfig/);
  const thought = whole.content.find((block) => block.type === 'thinking');
  if (showsThoughts(context)) {
    assert.match(thought?.thinking ?? '', /^The user says: Think\./);
    assert.equal(whole.content[0]?.type, 'thinking');
  }
  const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'call the tool' }];
  const asked = await client.messages.stream({ ...base, tools: [WEATHER], messages }).finalMessage();
  if (showsThoughts(context)) assert.equal(asked.content[0]?.type, 'thinking');
  const [call] = toolUses(asked);
  assert.ok(call);
  messages.push(
    { role: 'assistant', content: asked.content },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: 'rain' }] },
  );
  const told = await client.messages.create({ ...base, tools: [WEATHER], messages });
  assert.match(textOf(told), answered('get_weather', 'rain'));
}

/** Those with an endpoint that counts; of OpenAI's copies itself, Azure, and the ones that may be vLLM. */
const COUNTING = [
  'openai',
  'azure-openai',
  'anthropic',
  'aws-bedrock',
  'aws-anthropic',
  'google',
  'gcp-vertex',
  'gcp-anthropic',
  'vllm',
  'openai-compatible',
];

async function countTokens(context: Case): Promise<void> {
  const { client, provider } = context;
  const { max_tokens: _, ...request } = ask(context, 'How many tokens are these?', { system: 'Be brief.' });
  const counted = await client.messages.countTokens({ ...request, model: provider.chatModel });
  const told = await client.messages.create(ask(context, 'How many tokens are these?', { system: 'Be brief.' }));
  assert.equal(counted.input_tokens, told.usage.input_tokens);
}

async function refusedCount(context: Case): Promise<void> {
  await assert.rejects(countTokens(context), (error) => {
    assert.ok(error instanceof Anthropic.BadRequestError, `${error}`);
    assert.match(error.message, /is not available from/);
    return true;
  });
  assert.equal(context.sent().length, 0, 'it reached the provider');
}

/** Rejects unless the call fails with an error of the class and of Anthropic's form. */
async function fails(
  call: Promise<unknown>,
  kind: abstract new (...args: never[]) => Error,
  check: (error: InstanceType<typeof Anthropic.APIError>) => void = () => {},
): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof kind && error instanceof Anthropic.APIError, `${error}`);
    const body = error.error as { type?: unknown; error?: { type?: unknown; message?: unknown } } | undefined;
    assert.equal(body?.type, 'error');
    assert.deepEqual([typeof body?.error?.type, typeof body?.error?.message], ['string', 'string']);
    check(error);
    return true;
  });
}

async function errors(context: Case): Promise<void> {
  const { messages: api } = context.client;
  const failing = (header: string, value: string) =>
    api.create(ask(context, 'Hello'), { headers: { [header]: value } });
  await fails(api.create(ask(context, 'Hello', { messages: [] })), Anthropic.BadRequestError);
  await fails(failing('x-mock-status', '401'), Anthropic.AuthenticationError);
  await fails(failing('x-mock-status', '404'), Anthropic.NotFoundError);
  await fails(failing('x-mock-fail', '429'), Anthropic.RateLimitError, (error) =>
    assert.equal(error.headers?.get('retry-after'), '1'),
  );
  await fails(failing('x-mock-status', '503'), Anthropic.InternalServerError);
  await fails(failing('x-mock-fail', 'garbage'), Anthropic.InternalServerError);
}

async function errorInStream(context: Case): Promise<void> {
  for (const fault of ['error-event', 'cut']) {
    const stream = context.client.messages.stream(ask(context, 'Hello'), { headers: { 'x-mock-fail': fault } });
    await assert.rejects(stream.finalMessage(), Anthropic.AnthropicError, fault);
    assert.match(stream.currentMessage === undefined ? '' : textOf(stream.currentMessage), /^You said/, fault);
  }
}

/** The messages API in all the ways in which applications use it. */
export const MESSAGES_OPERATIONS: readonly SdkOperation<Anthropic>[] = [
  { name: 'messages', run: messages },
  { name: 'messages parameters', run: parameters },
  { name: 'images in messages', run: images },
  { name: 'messages streamed', run: streamEvents },
  { name: 'messages .stream()', run: streamHelper },
  { name: 'tools, three turns', run: toolLoop },
  { name: 'tools in parallel', run: parallelTools },
  { name: 'thinking', run: thinking },
  { name: 'count_tokens', providers: COUNTING, run: countTokens, refused: refusedCount },
  { name: 'errors', run: errors },
  { name: 'errors in streams', run: errorInStream },
];
