import assert from 'node:assert/strict';
import OpenAI, { toFile } from 'openai';
import type { SdkCase, SdkOperation } from './sdk-table.ts';

type Case = SdkCase<OpenAI>;

/** Kinds whose whole API is OpenAI's, or a copy of it. */
const WHOLE_API = ['openai', 'vllm', 'openai-compatible'];
const WHOLE_API_AND_AZURE = ['openai', 'azure-openai', 'vllm', 'openai-compatible'];
/** Those with an endpoint that counts the tokens of an input. */
const COUNTING = [
  ...WHOLE_API_AND_AZURE,
  'anthropic',
  'aws-bedrock',
  'aws-anthropic',
  'google',
  'gcp-vertex',
  'gcp-anthropic',
];
const COPIES = [...WHOLE_API_AND_AZURE, 'huggingface', 'ollama'];

/** A provider that does not have the operation is named in a 400 that the SDK reports as such. */
function refusal(call: (context: Case) => Promise<unknown>): Pick<SdkOperation<OpenAI>, 'refused'> {
  return {
    async refused(context) {
      await assert.rejects(call(context), (error) => {
        assert.ok(error instanceof OpenAI.BadRequestError, `${error}`);
        assert.equal(error.status, 400);
        assert.equal(error.code, 'unsupported_operation');
        assert.equal(error.type, 'invalid_request_error');
        assert.match(error.message, /is not available from .*; (?:use|add) .* one that has it: OpenAI, /);
        return true;
      });
      assert.equal(context.sent().length, 0, 'it reached the provider');
    },
  };
}

async function completions({ client, provider }: Case): Promise<void> {
  const request = { model: provider.chatModel, prompt: 'Once upon' };
  const whole = await client.completions.create(request);
  assert.equal(whole.object, 'text_completion');
  const said = whole.choices[0]?.text ?? '';
  assert.match(said, /^You said: Once upon\./);
  let text = '';
  for await (const chunk of await client.completions.create({ ...request, stream: true })) {
    text += chunk.choices[0]?.text ?? '';
  }
  assert.equal(text, said);
}

async function embeddings({ client, provider }: Case): Promise<void> {
  const request = { model: provider.embeddingModel, input: ['ships at sea', 'a ship on the sea', 'tax law'] };
  // The SDK asks for base64 unless told otherwise.
  const packed = await client.embeddings.create(request);
  const plain = await client.embeddings.create({ ...request, encoding_format: 'float' });
  assert.deepEqual(
    packed.data.map((entry) => entry.index),
    [0, 1, 2],
  );
  // Gemini does not tell what it counted.
  assert.equal(packed.usage.prompt_tokens > 0, provider.name !== 'google');
  for (const [index, entry] of plain.data.entries()) {
    const other = packed.data[index]?.embedding ?? [];
    assert.equal(entry.embedding.length, other.length);
    assert.ok(entry.embedding.every((value, at) => Math.abs(value - (other[at] ?? 9)) < 1e-6));
  }
  const one = await client.embeddings.create({ model: provider.embeddingModel, input: 'one' });
  assert.equal(one.data.length, 1);
}

async function storedResponses({ client, provider }: Case): Promise<void> {
  const first = await client.responses.create({ model: provider.chatModel, input: 'Hello' });
  assert.equal((await client.responses.retrieve(first.id)).output_text, first.output_text);
  assert.equal((await client.responses.inputItems.list(first.id)).data.length, 1);
  await client.responses.delete(first.id);
  await assert.rejects(client.responses.retrieve(first.id), OpenAI.NotFoundError);
}

async function inputTokens({ client, provider }: Case): Promise<void> {
  const counted = await client.responses.inputTokens.count({ model: provider.chatModel, input: 'Hello' });
  const answer = await client.responses.create({ model: provider.chatModel, input: 'Hello' });
  assert.equal(counted.input_tokens, answer.usage?.input_tokens);
}

const ODD_BYTES = Buffer.from('{"a": 1}\r\n--boundary\r\nÄ\u0000\u0001\n', 'utf8');

async function files({ client }: Case): Promise<void> {
  const file = await client.files.create({
    file: await toFile(ODD_BYTES, 'odd name "1".jsonl'),
    purpose: 'batch',
  });
  assert.equal(file.bytes, ODD_BYTES.length);
  assert.equal((await client.files.retrieve(file.id)).id, file.id);
  const content = await client.files.content(file.id);
  assert.deepEqual(Buffer.from(await content.arrayBuffer()), ODD_BYTES);
  const ids: string[] = [];
  for await (const listed of client.files.list({ purpose: 'batch' })) ids.push(listed.id);
  assert.ok(ids.includes(file.id));
  assert.equal((await client.files.delete(file.id)).deleted, true);
  await assert.rejects(client.files.retrieve(file.id), OpenAI.NotFoundError);
}

async function batches({ client, provider }: Case): Promise<void> {
  const body = { model: provider.chatModel, messages: [{ role: 'user', content: 'Hello' }] };
  const line = JSON.stringify({ custom_id: 'a', method: 'POST', url: '/v1/chat/completions', body });
  const input = await client.files.create({ file: await toFile(Buffer.from(line), 'in.jsonl'), purpose: 'batch' });
  const batch = await client.batches.create({
    input_file_id: input.id,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  });
  const done = await client.batches.retrieve(batch.id);
  assert.equal(done.status, 'completed');
  const output = await client.files.content(done.output_file_id ?? '');
  assert.match(await output.text(), /"custom_id":"a"/);
  const page = await client.batches.list({ limit: 10 });
  assert.ok(page.data.some((entry) => entry.id === batch.id));
}

async function fineTuning({ client }: Case): Promise<void> {
  const input = await client.files.create({
    file: await toFile(Buffer.from('{}'), 'train.jsonl'),
    purpose: 'fine-tune',
  });
  const job = await client.fineTuning.jobs.create({ model: 'gpt-4o-mini', training_file: input.id });
  const page = await client.fineTuning.jobs.list();
  assert.ok(page.data.some((entry) => entry.id === job.id));
  assert.ok((await client.fineTuning.jobs.listEvents(job.id)).data);
}

async function generateImages({ client, sent }: Case): Promise<void> {
  const request = { model: 'gpt-image-1', prompt: 'a cat' };
  const made = await client.images.generate({ ...request, n: 2 });
  assert.equal(made.data?.length, 2);
  assert.equal(Buffer.from(made.data?.[0]?.b64_json ?? '', 'base64').toString('latin1', 1, 4), 'PNG');
  const events: string[] = [];
  for await (const event of await client.images.generate({ ...request, stream: true, partial_images: 1 })) {
    events.push(event.type);
  }
  assert.deepEqual(events, ['image_generation.partial_image', 'image_generation.completed']);
  assert.equal(sent().length, 2);
}

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

async function editImages({ client }: Case): Promise<void> {
  const image = await toFile(PNG, 'a.png', { type: 'image/png' });
  const edited = await client.images.edit({ model: 'gpt-image-1', image: [image, image], prompt: 'a hat' });
  assert.equal(edited.data?.length, 1);
}

async function speech({ client }: Case): Promise<void> {
  const made = await client.audio.speech.create({
    model: 'tts-1',
    voice: 'alloy',
    input: 'Hi',
    response_format: 'wav',
  });
  assert.match(made.headers.get('content-type') ?? '', /^audio\//);
  const sound = Buffer.from(await made.arrayBuffer());
  assert.equal(sound.toString('latin1', 0, 4), 'RIFF');
  assert.equal(sound.readUInt32LE(4), sound.length - 8, 'the sound is not whole');
}

async function transcription({ client }: Case): Promise<void> {
  const file = await toFile(ODD_BYTES, 'a.wav');
  const told = `This is the demo transcript of a.wav, ${ODD_BYTES.length} bytes long.`;
  const heard = await client.audio.transcriptions.create({ model: 'gpt-4o-transcribe', file });
  assert.equal(heard.text, told);
  const text = await client.audio.transcriptions.create({ model: 'whisper-1', file, response_format: 'text' });
  assert.equal(String(text).trim(), told);
  let streamed = '';
  const stream = await client.audio.transcriptions.create({ model: 'gpt-4o-transcribe', file, stream: true });
  for await (const event of stream) if (event.type === 'transcript.text.delta') streamed += event.delta;
  assert.equal(streamed, told);
}

async function translation({ client }: Case): Promise<void> {
  const file = await toFile(ODD_BYTES, 'a.wav');
  assert.match(
    (await client.audio.translations.create({ model: 'whisper-1', file })).text,
    /demo transcript of a\.wav/,
  );
}

async function moderations({ client }: Case): Promise<void> {
  const verdict = await client.moderations.create({
    model: 'omni-moderation-latest',
    input: ['a cat', 'I will kill you'],
  });
  assert.deepEqual(
    verdict.results.map((result) => result.flagged),
    [false, true],
  );
}

/** The rest of OpenAI's API, and who has what of it. */
export const OTHER_OPERATIONS: readonly SdkOperation<OpenAI>[] = [
  { name: 'completions', providers: COPIES, run: completions, ...refusal(completions) },
  {
    name: 'embeddings',
    providers: [...COPIES, 'aws-bedrock', 'google', 'gcp-vertex'],
    run: embeddings,
    ...refusal(embeddings),
  },
  {
    name: 'responses stored',
    providers: WHOLE_API_AND_AZURE,
    run: storedResponses,
    ...refusal(({ client }) => client.responses.retrieve('resp_1')),
  },
  { name: 'responses input_tokens', providers: COUNTING, run: inputTokens, ...refusal(inputTokens) },
  { name: 'files', providers: WHOLE_API_AND_AZURE, run: files, ...refusal(files) },
  {
    name: 'batches',
    providers: WHOLE_API_AND_AZURE,
    run: batches,
    ...refusal(({ client }) => client.batches.retrieve('batch_1')),
  },
  {
    name: 'fine-tuning',
    providers: WHOLE_API_AND_AZURE,
    run: fineTuning,
    ...refusal(({ client }) => client.fineTuning.jobs.list()),
  },
  { name: 'image generation', providers: WHOLE_API_AND_AZURE, run: generateImages, ...refusal(generateImages) },
  { name: 'image edit', providers: WHOLE_API_AND_AZURE, run: editImages, ...refusal(editImages) },
  { name: 'speech', providers: WHOLE_API_AND_AZURE, run: speech, ...refusal(speech) },
  { name: 'transcription', providers: WHOLE_API_AND_AZURE, run: transcription, ...refusal(transcription) },
  { name: 'translation', providers: WHOLE_API_AND_AZURE, run: translation, ...refusal(translation) },
  { name: 'moderations', providers: WHOLE_API, run: moderations, ...refusal(moderations) },
];
