import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { PIXEL } from './openai-chat.ts';
import type { SdkCase, SdkOperation } from './sdk-table.ts';

type Case = SdkCase<OpenAI>;

async function responses({ client, provider }: Case): Promise<void> {
  const answer = await client.responses.create({
    model: provider.chatModel,
    instructions: 'Be brief.',
    input: [
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Hi.' },
      { role: 'user', content: [{ type: 'input_text', text: 'Grüße' }] },
    ],
  });
  assert.equal(answer.object, 'response');
  assert.equal(answer.status, 'completed');
  assert.match(answer.output_text, /^You said: Grüße\./);
  assert.ok(answer.usage);
  assert.ok(answer.usage.input_tokens > 0 && answer.usage.output_tokens > 0);
  assert.equal(answer.usage.total_tokens, answer.usage.input_tokens + answer.usage.output_tokens);
  const short = await client.responses.create({ model: provider.chatModel, input: 'Hello', max_output_tokens: 3 });
  assert.equal(short.status, 'incomplete');
  assert.equal(short.incomplete_details?.reason, 'max_output_tokens');
}

async function streamed({ client, provider }: Case): Promise<void> {
  const stream = await client.responses.create({ model: provider.chatModel, input: 'Hello', stream: true });
  const types: string[] = [];
  let text = '';
  let final: OpenAI.Responses.Response | undefined;
  let sequence = -1;
  for await (const event of stream) {
    if (types.at(-1) !== event.type) types.push(event.type);
    assert.ok(event.sequence_number > sequence, 'events are numbered upwards');
    sequence = event.sequence_number;
    if (event.type === 'response.output_text.delta') text += event.delta;
    if (event.type === 'response.completed') final = event.response;
  }
  assert.match(text, /^You said: Hello\./);
  assert.deepEqual(
    types.filter((type) => type !== 'response.in_progress'),
    [
      'response.created',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ],
  );
  assert.ok((final?.usage?.output_tokens ?? 0) > 0);
  const helper = client.responses.stream({ model: provider.chatModel, input: 'Hello' });
  assert.equal((await helper.finalResponse()).output_text, text);
}

function tool(name: string, field: string): OpenAI.Responses.FunctionTool {
  return {
    type: 'function',
    name,
    strict: false,
    parameters: { type: 'object', properties: { [field]: { type: 'string' } }, required: [field] },
  };
}

const TOOLS = [tool('get_weather', 'city'), tool('get_time', 'zone')];

async function tools({ client, provider }: Case): Promise<void> {
  const input: OpenAI.Responses.ResponseInputItem[] = [{ role: 'user', content: 'call all tools' }];
  const asked = await client.responses.stream({ model: provider.chatModel, input, tools: TOOLS }).finalResponse();
  const calls = asked.output.filter((item) => item.type === 'function_call');
  assert.deepEqual(
    calls.map((call) => [call.name, Object.keys(JSON.parse(call.arguments) as object)]),
    [
      ['get_weather', ['city']],
      ['get_time', ['zone']],
    ],
  );
  assert.equal(new Set(calls.map((call) => call.call_id)).size, 2);
  for (const { call_id, name, arguments: text } of calls) {
    input.push({ type: 'function_call', call_id, name, arguments: text });
  }
  for (const { call_id } of calls) input.push({ type: 'function_call_output', call_id, output: 'snow' });
  const told = await client.responses.create({ model: provider.chatModel, input, tools: TOOLS });
  assert.match(told.output_text, /The tool get_weather answered: .*snow.*The tool get_time answered: .*snow/);
}

/** A coding agent's loop: all of the output goes back with the tool's result, nothing is stored. */
async function reasoning({ client, provider, sent }: Case): Promise<void> {
  const request = {
    model: provider.thinkingModel,
    tools: TOOLS,
    store: false,
    reasoning: { effort: 'low' as const, summary: 'auto' as const },
    include: ['reasoning.encrypted_content' as const],
  };
  const input: OpenAI.Responses.ResponseInputItem[] = [{ role: 'user', content: 'call the tool' }];
  const asked = await client.responses.stream({ ...request, input }).finalResponse();
  const thought = asked.output.find((item) => item.type === 'reasoning');
  assert.match(thought?.summary.map((part) => part.text).join('') ?? '', /^The user says: call the tool\./);
  const call = asked.output.find((item) => item.type === 'function_call');
  assert.ok(call);
  input.push(...(asked.output as OpenAI.Responses.ResponseInputItem[]));
  input.push({ type: 'function_call_output', call_id: call.call_id, output: 'fog' });
  const told = await client.responses.create({ ...request, input });
  assert.match(told.output_text, /The tool get_weather answered: .*fog/);
  assert.match(sent().at(-1)?.body ?? '', /fog/);
}

async function schemaAndImage({ client, provider }: Case): Promise<void> {
  const schema = {
    type: 'object',
    properties: { name: { type: 'string' }, age: { type: 'integer' } },
    required: ['name', 'age'],
    additionalProperties: false,
  };
  const shaped = await client.responses.create({
    model: provider.chatModel,
    input: 'Who?',
    text: { format: { type: 'json_schema', name: 'person', strict: true, schema } },
  });
  const person = JSON.parse(shaped.output_text) as { name: unknown; age: unknown };
  assert.deepEqual([typeof person.name, typeof person.age], ['string', 'number']);
  const seen = await client.responses.create({
    model: provider.chatModel,
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'What is this?' },
          { type: 'input_image', detail: 'auto', image_url: PIXEL },
        ],
      },
    ],
  });
  assert.match(seen.output_text, /^You said: What is this\? I received 1 image\./);
}

async function chained({ client, provider }: Case): Promise<void> {
  const first = await client.responses.create({ model: provider.chatModel, input: 'Hello' });
  const chain = { model: provider.chatModel, input: 'And?', previous_response_id: first.id };
  const next = await client.responses.create(chain);
  assert.ok((next.usage?.input_tokens ?? 0) > (first.usage?.total_tokens ?? 0), 'what came before counts');
}

/** Who keeps no responses cannot continue one. */
async function chainRefused(context: Case): Promise<void> {
  await assert.rejects(chained(context), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError, `${error}`);
    assert.equal(error.code, 'unsupported_parameter');
    assert.equal(error.param, 'previous_response_id');
    return true;
  });
  assert.equal(context.sent().length, 1, 'it reached the provider');
}

/** Kinds that keep responses. */
const KEEPING = ['openai', 'azure-openai', 'vllm', 'openai-compatible'];

/** Responses as applications and coding agents use them; every provider must have them. */
export const RESPONSES_OPERATIONS: readonly SdkOperation<OpenAI>[] = [
  { name: 'responses', run: responses },
  { name: 'responses streamed', run: streamed },
  { name: 'responses tools', run: tools },
  { name: 'responses reasoning', run: reasoning },
  { name: 'responses schema, image', run: schemaAndImage },
  { name: 'responses chained', providers: KEEPING, run: chained, refused: chainRefused },
];
