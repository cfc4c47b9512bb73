import assert from 'node:assert/strict';
import type OpenAI from 'openai';
import type { SdkCase, SdkOperation } from './sdk-table.ts';

type Case = SdkCase<OpenAI>;
type Messages = OpenAI.ChatCompletionMessageParam[];

/** A PNG of one pixel, as a data URI. */
export const PIXEL =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const WEATHER = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    description: 'The weather of a city',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' }, unit: { type: 'string', enum: ['celsius', 'kelvin'] } },
      required: ['city'],
    },
  },
};
const TIME = {
  type: 'function' as const,
  function: {
    name: 'get_time',
    parameters: { type: 'object', properties: { zone: { type: 'string' } }, required: ['zone'] },
  },
};

const PERSON_SCHEMA = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    age: { type: 'integer' },
    tags: { type: 'array', items: { type: 'string' } },
  },
  required: ['name', 'age', 'tags'],
  additionalProperties: false,
};

function user(content: string): Messages {
  return [{ role: 'user', content }];
}

function checkUsage(usage: OpenAI.CompletionUsage | undefined | null): void {
  assert.ok(usage, 'there is no usage');
  assert.ok(usage.prompt_tokens > 0 && usage.completion_tokens > 0, JSON.stringify(usage));
  assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
}

/** What the mock says to a tool's result; Gemini wraps results in an object. */
function answered(tool: string, result: string): RegExp {
  return new RegExp(`The tool ${tool} answered: (?:\\{"output":")?${result}\\b`);
}

function functionCalls(
  message: OpenAI.ChatCompletionMessage | undefined,
): OpenAI.ChatCompletionMessageFunctionToolCall[] {
  return (message?.tool_calls ?? []).filter((call) => call.type === 'function');
}

async function chat({ client, provider, sent }: Case): Promise<void> {
  const { data, response } = await client.chat.completions
    .create({
      model: provider.chatModel,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello' },
        { role: 'assistant', content: 'Hi.' },
        { role: 'user', content: 'Grüße, 世界 🌍' },
      ],
    })
    .withResponse();
  assert.equal(data.object, 'chat.completion');
  assert.equal(data.choices.length, 1);
  assert.equal(data.choices[0]?.message.role, 'assistant');
  assert.equal(data.choices[0]?.finish_reason, 'stop');
  assert.match(data.choices[0]?.message.content ?? '', /^You said: Grüße, 世界 🌍\./);
  assert.equal(typeof data.id, 'string');
  assert.ok(data.created > 1_500_000_000 && data.created < 10_000_000_000, 'created is in seconds');
  assert.equal(typeof data.model, 'string');
  checkUsage(data.usage);
  assert.equal(response.headers.get('x-aigw-cluster'), provider.name);
  assert.equal(sent().length, 1);
}

async function parameters({ client, provider }: Case): Promise<void> {
  const short = await client.chat.completions.create({
    model: provider.chatModel,
    messages: user('Hello'),
    temperature: 0.5,
    max_tokens: 3,
  });
  assert.equal(short.choices[0]?.finish_reason, 'length');
  assert.equal(short.usage?.completion_tokens, 3);
  const stopped = await client.chat.completions.create({
    model: provider.chatModel,
    messages: user('Hello'),
    max_completion_tokens: 200,
    stop: ['Hello'],
  });
  assert.equal(stopped.choices[0]?.finish_reason, 'stop');
  assert.equal(stopped.choices[0]?.message.content?.trimEnd(), 'You said:');
}

async function streaming({ client, provider }: Case): Promise<void> {
  const request = { model: provider.chatModel, messages: user('Hello 世界') };
  const whole = await client.chat.completions.create(request);
  const stream = await client.chat.completions.create({
    ...request,
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = '';
  const finish: string[] = [];
  const ids = new Set<string>();
  let usage: OpenAI.CompletionUsage | null | undefined;
  let pieces = 0;
  for await (const chunk of stream) {
    const [choice] = chunk.choices;
    // Azure sends the verdict on the prompt before the answer, in a chunk without id, kind and choices.
    if (choice !== undefined) {
      assert.equal(chunk.object, 'chat.completion.chunk');
      ids.add(chunk.id);
    }
    if (choice?.delta.content) pieces += 1;
    text += choice?.delta.content ?? '';
    if (choice?.finish_reason) finish.push(choice.finish_reason);
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, whole.choices[0]?.message.content);
  assert.ok(pieces > 2, 'it came in one piece');
  assert.equal(ids.size, 1);
  assert.deepEqual(finish, ['stop']);
  checkUsage(usage);
  assert.equal(usage?.completion_tokens, whole.usage?.completion_tokens);
  assert.equal(usage?.prompt_tokens, whole.usage?.prompt_tokens);
}

async function streamHelper({ client, provider }: Case): Promise<void> {
  const runner = client.chat.completions.stream({
    model: provider.chatModel,
    messages: user('Hello'),
    stream_options: { include_usage: true },
  });
  let text = '';
  runner.on('content', (delta) => {
    text += delta;
  });
  const final = await runner.finalChatCompletion();
  assert.match(text, /^You said: Hello\./);
  assert.equal(final.choices[0]?.message.content, text);
  assert.equal(final.choices[0]?.finish_reason, 'stop');
  checkUsage(final.usage);
}

async function streamAbort({ client, provider, sent }: Case): Promise<void> {
  const stream = await client.chat.completions.create(
    { model: provider.chatModel, messages: user('Hello'), stream: true },
    { headers: { 'x-mock-tokens': '4000', 'x-mock-tokens-per-second': '200' } },
  );
  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta.content) break;
  }
  assert.equal(await sent()[0]?.settled, 'client-gone');
}

/** Three turns: one tool, then another that is demanded, then words. What came is sent back as it came. */
async function toolLoop({ client, provider, sent }: Case): Promise<void> {
  const tools = [WEATHER, TIME];
  const messages: Messages = [{ role: 'system', content: 'Be brief.' }, ...user('call the tool')];
  const ask = async (choice?: OpenAI.ChatCompletionToolChoiceOption) => {
    const answer = await client.chat.completions.create({
      model: provider.chatModel,
      messages,
      tools,
      ...(choice === undefined ? {} : { tool_choice: choice }),
    });
    const message = answer.choices[0]?.message;
    assert.ok(message);
    messages.push(message);
    return { message, finish: answer.choices[0]?.finish_reason };
  };
  const first = await ask('auto');
  assert.equal(first.finish, 'tool_calls');
  const [weather, ...others] = functionCalls(first.message);
  assert.ok(weather && others.length === 0);
  assert.equal(weather.function.name, 'get_weather');
  assert.equal((JSON.parse(weather.function.arguments) as { city: string }).city, 'example city');
  messages.push({ role: 'tool', tool_call_id: weather.id, content: 'sunny' });

  const second = await ask({ type: 'function', function: { name: 'get_time' } });
  const [time] = functionCalls(second.message);
  assert.ok(time);
  assert.equal(time.function.name, 'get_time');
  assert.notEqual(time.id, weather.id);
  messages.push({ role: 'tool', tool_call_id: time.id, content: [{ type: 'text', text: 'noon' }] });

  const third = await ask();
  assert.equal(third.finish, 'stop');
  assert.match(third.message.content ?? '', answered('get_time', 'noon'));
  assert.match(sent().at(-1)?.body ?? '', /sunny/, 'the first result is still told');
}

async function parallelTools({ client, provider }: Case): Promise<void> {
  const tools = [WEATHER, TIME];
  const messages = user('call all tools');
  const answer = await client.chat.completions.create({ model: provider.chatModel, messages, tools });
  const message = answer.choices[0]?.message;
  const calls = functionCalls(message);
  assert.deepEqual(
    calls.map((call) => call.function.name),
    ['get_weather', 'get_time'],
  );
  assert.equal(new Set(calls.map((call) => call.id)).size, 2);
  assert.ok(message);
  messages.push(message);
  for (const call of calls) messages.push({ role: 'tool', tool_call_id: call.id, content: `of ${call.function.name}` });
  const told = await client.chat.completions.create({ model: provider.chatModel, messages, tools });
  const text = told.choices[0]?.message.content ?? '';
  assert.match(text, answered('get_weather', 'of get_weather'));
  assert.match(text, answered('get_time', 'of get_time'));
}

/** Some APIs cannot forbid parallel calls: then the answer says that the wish was not passed on. */
async function oneToolAtATime({ client, provider }: Case): Promise<void> {
  const { data, response } = await client.chat.completions
    .create({
      model: provider.chatModel,
      messages: user('call all tools, one after the other'),
      tools: [WEATHER, TIME],
      tool_choice: 'required',
      parallel_tool_calls: false,
    })
    .withResponse();
  const calls = functionCalls(data.choices[0]?.message);
  if (CANNOT_FORBID_PARALLEL.includes(provider.name)) {
    assert.match(response.headers.get('x-aigw-warnings') ?? '', /parallel_tool_calls/);
  } else {
    assert.equal(calls.length, 1);
    assert.equal(response.headers.get('x-aigw-warnings'), null);
  }
}

async function streamedTools({ client, provider }: Case): Promise<void> {
  const runner = client.chat.completions.stream({
    model: provider.chatModel,
    messages: user('call all tools'),
    tools: [WEATHER, TIME],
  });
  const done: string[] = [];
  let deltas = 0;
  runner.on('tool_calls.function.arguments.delta', () => {
    deltas += 1;
  });
  runner.on('tool_calls.function.arguments.done', (call) => {
    done.push(`${call.index} ${call.name} ${Object.keys(JSON.parse(call.arguments) as object).join()}`);
  });
  const final = await runner.finalChatCompletion();
  assert.deepEqual(done, ['0 get_weather city,unit', '1 get_time zone']);
  assert.ok(deltas >= 2);
  const message = final.choices[0]?.message;
  const calls = functionCalls(message);
  assert.equal(final.choices[0]?.finish_reason, 'tool_calls');
  assert.equal(new Set(calls.map((call) => call.id)).size, 2);
  assert.ok(message);
  const messages = user('call all tools');
  messages.push({
    role: 'assistant',
    tool_calls: calls.map(({ id, function: { name, arguments: text } }) => ({
      id,
      type: 'function',
      function: { name, arguments: text },
    })),
  });
  for (const call of calls) messages.push({ role: 'tool', tool_call_id: call.id, content: 'fine' });
  const told = client.chat.completions.stream({ model: provider.chatModel, messages, tools: [WEATHER, TIME] });
  assert.match((await told.finalContent()) ?? '', answered('get_weather', 'fine'));
}

async function jsonSchema({ client, provider }: Case): Promise<void> {
  const request = {
    model: provider.chatModel,
    messages: user('Who?'),
    response_format: {
      type: 'json_schema' as const,
      json_schema: { name: 'person', strict: true, schema: PERSON_SCHEMA },
    },
  };
  const check = (text: string | null | undefined) => {
    const person = JSON.parse(text ?? '') as { name: unknown; age: unknown; tags: unknown };
    assert.deepEqual([typeof person.name, typeof person.age, Array.isArray(person.tags)], ['string', 'number', true]);
  };
  const whole = await client.chat.completions.create(request);
  assert.equal(whole.choices[0]?.finish_reason, 'stop');
  assert.equal(functionCalls(whole.choices[0]?.message).length, 0);
  check(whole.choices[0]?.message.content);
  check(await client.chat.completions.stream(request).finalContent());
}

async function images({ client, provider }: Case): Promise<void> {
  const answer = await client.chat.completions.create({
    model: provider.chatModel,
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', image_url: { url: PIXEL, detail: 'low' } },
          { type: 'image_url', image_url: { url: PIXEL } },
        ],
      },
    ],
  });
  assert.match(answer.choices[0]?.message.content ?? '', /^You said: What is this\? I received 2 images\./);
}

const CANNOT_FORBID_PARALLEL: readonly string[] = ['aws-bedrock', 'google', 'gcp-vertex'];

type Thoughtful = { reasoning_content?: string | null };

/** Gemini thinks on demand but tells its thoughts only when that is asked for too. */
function askForThoughts({ provider }: Case): object {
  const isGemini = provider.name === 'google' || provider.name === 'gcp-vertex';
  return isGemini ? { extra_body: { google: { thinking_config: { include_thoughts: true } } } } : {};
}

/** Models of OpenAI's own keep their thoughts to themselves. */
function showsThoughts({ provider }: Case): boolean {
  return provider.name !== 'openai' && provider.name !== 'azure-openai';
}

async function reasoning(context: Case): Promise<void> {
  const { client, provider, sent } = context;
  const request = {
    model: provider.thinkingModel,
    messages: user('Think'),
    reasoning_effort: 'medium' as const,
    ...askForThoughts(context),
  };
  const whole = await client.chat.completions.create(request);
  const message = whole.choices[0]?.message as (OpenAI.ChatCompletionMessage & Thoughtful) | undefined;
  assert.match(message?.content ?? '', /^You said: Think\./);
  assert.match(sent()[0]?.body ?? '', /reasoning_effort|"thinking"|reasoning_config|thinkingConfig/);
  if (showsThoughts(context)) assert.match(message?.reasoning_content ?? '', /^The user says: Think\./);
  let thoughts = '';
  let text = '';
  for await (const chunk of await client.chat.completions.create({ ...request, stream: true })) {
    const delta = chunk.choices[0]?.delta as (OpenAI.ChatCompletionChunk.Choice.Delta & Thoughtful) | undefined;
    thoughts += delta?.reasoning_content ?? '';
    text += delta?.content ?? '';
  }
  assert.match(text, /^You said: Think\./);
  if (showsThoughts(context)) assert.equal(thoughts, message?.reasoning_content);
}

/** A thinking model that calls a tool gets its thoughts back as it wrote them. */
async function reasoningWithTools({ client, provider }: Case): Promise<void> {
  const messages = user('call the tool');
  const request = { model: provider.thinkingModel, tools: [WEATHER], reasoning_effort: 'low' as const };
  const asked = await client.chat.completions.create({ ...request, messages });
  const message = asked.choices[0]?.message;
  const [call] = functionCalls(message);
  assert.ok(message && call);
  messages.push(message, { role: 'tool', tool_call_id: call.id, content: 'rain' });
  const told = await client.chat.completions.create({ ...request, messages });
  assert.match(told.choices[0]?.message.content ?? '', answered('get_weather', 'rain'));
}

/** Chat completions in all the ways in which applications use them; every provider must have them. */
export const CHAT_OPERATIONS: readonly SdkOperation<OpenAI>[] = [
  { name: 'chat', run: chat },
  { name: 'chat parameters', run: parameters },
  { name: 'chat streamed', run: streaming },
  { name: 'chat .stream()', run: streamHelper },
  { name: 'chat stream aborted', run: streamAbort },
  { name: 'tools, three turns', run: toolLoop },
  { name: 'tools in parallel', run: parallelTools },
  { name: 'tools one at a time', run: oneToolAtATime },
  { name: 'tools streamed', run: streamedTools },
  { name: 'json_schema', run: jsonSchema },
  { name: 'images in messages', run: images },
  { name: 'reasoning_effort', run: reasoning },
  { name: 'reasoning with tools', run: reasoningWithTools },
];
