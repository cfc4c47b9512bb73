import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import OpenAI, { AzureOpenAI, toFile } from 'openai';
import { startMock } from '../mock-fixture.test.ts';
import type { MockOptions } from '../options.ts';

async function startClient(t: TestContext, options: MockOptions = {}): Promise<OpenAI> {
  const { url } = await startMock(t, { strict: true, ...options });
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: 'k', maxRetries: 0 });
}

const weather = {
  name: 'get_weather',
  description: 'The weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

test('SDK: chat, whole and streamed', async (t) => {
  const client = await startClient(t);
  const messages = [{ role: 'user', content: 'Hello' }] as const;
  const whole = await client.chat.completions.create({ model: 'gpt-4o-mini', messages: [...messages] });
  assert.match(whole.choices[0]?.message.content ?? '', /^You said: Hello\./);
  const runner = client.chat.completions.stream({
    model: 'gpt-4o-mini',
    messages: [...messages],
    stream_options: { include_usage: true },
  });
  const final = await runner.finalChatCompletion();
  assert.equal(final.choices[0]?.message.content, whole.choices[0]?.message.content);
  assert.deepEqual(final.usage, whole.usage);
});

test('SDK: a tool call streamed, answered, and answered again in words', async (t) => {
  const client = await startClient(t);
  const tools = [{ type: 'function' as const, function: weather }];
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'call the tool' }];
  const asked = await client.chat.completions.stream({ model: 'm', messages, tools }).finalChatCompletion();
  const message = asked.choices[0]?.message;
  const call = message?.tool_calls?.[0];
  assert.ok(message !== undefined && call?.type === 'function');
  assert.deepEqual(JSON.parse(call.function.arguments), { city: 'example city' });
  messages.push(message, { role: 'tool', tool_call_id: call.id, content: 'sunny' });
  const told = await client.chat.completions.create({ model: 'm', messages, tools });
  assert.match(told.choices[0]?.message.content ?? '', /^The tool get_weather answered: sunny\./);
});

test('SDK: embeddings come as base64 and as numbers', async (t) => {
  const client = await startClient(t);
  const small = await client.embeddings.create({
    model: 'text-embedding-3-small',
    input: ['one', 'two'],
    dimensions: 64,
  });
  assert.equal(small.data[1]?.embedding.length, 64);
  const plain = await client.embeddings.create({
    model: 'text-embedding-3-small',
    input: 'one',
    dimensions: 64,
    encoding_format: 'float',
  });
  const [packed, unpacked] = [small.data[0]?.embedding ?? [], plain.data[0]?.embedding ?? []];
  for (const [index, value] of unpacked.entries()) assert.ok(Math.abs(value - (packed[index] ?? 9)) < 1e-6);
  const large = await client.embeddings.create({ model: 'text-embedding-3-large', input: 'one' });
  assert.equal(large.data[0]?.embedding.length, 3072);
});

test('SDK: responses, whole, streamed, continued and deleted', async (t) => {
  const client = await startClient(t);
  const whole = await client.responses.create({ model: 'gpt-4o-mini', input: 'Hello' });
  assert.match(whole.output_text, /^You said: Hello\./);
  assert.ok(whole.usage);
  assert.equal(whole.usage.total_tokens, whole.usage.input_tokens + whole.usage.output_tokens);
  const types: string[] = [];
  let text = '';
  const stream = await client.responses.create({ model: 'gpt-4o-mini', input: 'Hello', stream: true });
  for await (const event of stream) {
    if (types.at(-1) !== event.type) types.push(event.type);
    if (event.type === 'response.output_text.delta') text += event.delta;
    if (event.type === 'response.completed') assert.deepEqual(event.response.usage, whole.usage);
  }
  assert.equal(text, whole.output_text);
  assert.deepEqual(types, [
    'response.created',
    'response.in_progress',
    'response.output_item.added',
    'response.content_part.added',
    'response.output_text.delta',
    'response.output_text.done',
    'response.content_part.done',
    'response.output_item.done',
    'response.completed',
  ]);
  const next = await client.responses.create({ model: 'm', input: 'And?', previous_response_id: whole.id });
  assert.ok((next.usage?.input_tokens ?? 0) > (whole.usage?.total_tokens ?? 0), 'what came before counts');
  assert.deepEqual((await client.responses.retrieve(whole.id)).output, whole.output);
  const items = await client.responses.inputItems.list(whole.id);
  assert.equal(items.data.length, 1);
  const counted = await client.responses.inputTokens.count({ model: 'm', input: 'Hello' });
  assert.equal(counted.input_tokens, whole.usage?.input_tokens);
  await client.responses.delete(whole.id);
  await assert.rejects(client.responses.retrieve(whole.id), OpenAI.NotFoundError);
});

test('SDK: responses with functions, reasoning and background', async (t) => {
  const client = await startClient(t);
  const tools = [{ type: 'function' as const, strict: false, ...weather }];
  const stream = client.responses.stream({
    model: 'o4-mini',
    input: 'call the tool',
    tools,
    reasoning: { effort: 'low', summary: 'auto' },
    include: ['reasoning.encrypted_content'],
  });
  const asked = await stream.finalResponse();
  const [thought, call] = asked.output;
  assert.ok(thought?.type === 'reasoning' && call?.type === 'function_call');
  assert.match(thought.summary[0]?.text ?? '', /^The user says/);
  assert.ok(thought.encrypted_content);
  const told = await client.responses.create({
    model: 'o4-mini',
    tools,
    input: [
      { role: 'user', content: 'call the tool' },
      { type: 'function_call', call_id: call.call_id, name: call.name, arguments: call.arguments },
      { type: 'function_call_output', call_id: call.call_id, output: 'sunny' },
    ],
  });
  assert.match(told.output_text, /^The tool get_weather answered: sunny\./);
  const queued = await client.responses.create({ model: 'm', input: 'Hello', background: true });
  assert.equal(queued.status, 'queued');
  assert.equal((await client.responses.retrieve(queued.id)).status, 'completed');
  assert.equal((await client.responses.cancel(queued.id)).status, 'cancelled');
  const short = await client.responses.create({ model: 'm', input: 'Hello', max_output_tokens: 3 });
  assert.equal(short.incomplete_details?.reason, 'max_output_tokens');
});

test('SDK: files, batches and fine-tuning', async (t) => {
  const client = await startClient(t);
  const line = (id: string, body: object): string =>
    JSON.stringify({ custom_id: id, method: 'POST', url: '/v1/chat/completions', body });
  const messages = [{ role: 'user', content: 'Hello' }];
  const lines = `${line('a', { model: 'm', messages })}\n${line('b', { model: 'm', top_k: 1, messages })}\n`;
  const file = await client.files.create({ file: await toFile(Buffer.from(lines), 'in.jsonl'), purpose: 'batch' });
  assert.equal(file.bytes, lines.length);
  assert.equal(await (await client.files.content(file.id)).text(), lines);
  const batch = await client.batches.create({
    input_file_id: file.id,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  });
  assert.equal(batch.status, 'validating');
  const done = await client.batches.retrieve(batch.id);
  assert.deepEqual(done.request_counts, { total: 2, completed: 1, failed: 1 });
  const output = JSON.parse(await (await client.files.content(done.output_file_id ?? '')).text()) as {
    custom_id: string;
    response: { body: { choices: unknown[] } };
  };
  assert.equal(output.custom_id, 'a');
  assert.equal(output.response.body.choices.length, 1);
  assert.match(await (await client.files.content(done.error_file_id ?? '')).text(), /Unknown parameter: 'top_k'/);
  const job = await client.fineTuning.jobs.create({ model: 'gpt-4o-mini', training_file: file.id });
  assert.equal((await client.fineTuning.jobs.retrieve(job.id)).status, 'succeeded');
  const listed = await client.files.list({ purpose: 'batch' });
  assert.deepEqual(
    listed.data.map((one) => one.id),
    [file.id],
  );
  assert.equal((await client.files.delete(file.id)).deleted, true);
  await assert.rejects(client.files.retrieve(file.id), OpenAI.NotFoundError);
});

test('SDK: speech, transcription, translation', async (t) => {
  const client = await startClient(t);
  const speech = await client.audio.speech.create({
    model: 'tts-1',
    voice: 'alloy',
    input: 'Hi',
    response_format: 'wav',
  });
  const sound = Buffer.from(await speech.arrayBuffer());
  assert.equal(sound.toString('latin1', 0, 4), 'RIFF');
  assert.equal(sound.readUInt32LE(4), sound.length - 8);
  const file = await toFile(sound, 'a.wav');
  const heard = await client.audio.transcriptions.create({ model: 'gpt-4o-transcribe', file });
  assert.match(heard.text, /^This is the demo transcript of a\.wav/);
  const text = await client.audio.transcriptions.create({ model: 'whisper-1', file, response_format: 'text' });
  assert.equal(String(text).trim(), heard.text);
  const verbose = await client.audio.transcriptions.create({
    model: 'whisper-1',
    file,
    response_format: 'verbose_json',
  });
  assert.equal(verbose.segments?.[0]?.text, heard.text);
  let streamed = '';
  for await (const event of await client.audio.transcriptions.create({
    model: 'gpt-4o-transcribe',
    file,
    stream: true,
  })) {
    if (event.type === 'transcript.text.delta') streamed += event.delta;
  }
  assert.equal(streamed, heard.text);
  assert.ok((await client.audio.translations.create({ model: 'whisper-1', file })).text);
});

test('SDK: images and moderations', async (t) => {
  const client = await startClient(t);
  const made = await client.images.generate({ model: 'gpt-image-1', prompt: 'a cat', n: 2 });
  assert.equal(made.data?.length, 2);
  const png = Buffer.from(made.data?.[0]?.b64_json ?? '', 'base64');
  assert.equal(png.toString('latin1', 1, 4), 'PNG');
  assert.ok(made.usage);
  const image = await toFile(png, 'a.png', { type: 'image/png' });
  assert.equal((await client.images.edit({ model: 'gpt-image-1', image, prompt: 'a hat' })).data?.length, 1);
  const events: string[] = [];
  for await (const event of await client.images.generate({
    model: 'gpt-image-1',
    prompt: 'a cat',
    stream: true,
    partial_images: 1,
  })) {
    events.push(event.type);
  }
  assert.deepEqual(events, ['image_generation.partial_image', 'image_generation.completed']);
  const verdict = await client.moderations.create({ input: ['a cat', 'I will kill you'] });
  assert.deepEqual(
    verdict.results.map((result) => result.flagged),
    [false, true],
  );
  assert.equal(verdict.results[1]?.categories.violence, true);
});

test('SDK: models', async (t) => {
  const client = await startClient(t, { models: ['a', 'b'] });
  const ids: string[] = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assert.deepEqual(ids, ['a', 'b']);
  assert.equal((await client.models.retrieve('b')).id, 'b');
});

test('SDK: errors and retries', async (t) => {
  const { url, mock } = await startMock(t, { faults: [{ kind: '429', probability: 1 }] });
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'k', maxRetries: 0 });
  const request = { model: 'm', messages: [{ role: 'user' as const, content: 'x' }] };
  await assert.rejects(client.chat.completions.create(request), OpenAI.RateLimitError);
  assert.equal(mock.stats.faults['429'], 1);
});

test('SDK: Azure', async (t) => {
  const { url } = await startMock(t, { strict: true });
  const client = new AzureOpenAI({ endpoint: url, apiKey: 'k', apiVersion: '2025-01-01-preview', deployment: 'd' });
  const answer = await client.chat.completions.create({ model: 'd', messages: [{ role: 'user', content: 'Hello' }] });
  assert.match(answer.choices[0]?.message.content ?? '', /^You said: Hello\./);
});
