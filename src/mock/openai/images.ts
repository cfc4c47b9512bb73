import type { JsonObject, JsonValue } from '../../json/types.ts';
import { PNG_BASE64 } from '../brain/media.ts';
import { countTokens, MEDIA_TOKENS } from '../brain/tokens.ts';
import { type Call, type Frame, frame, jsonReply, type Reply, sse, sseReply } from '../call.ts';
import { numberOf, stringOf } from '../json-read.ts';
import { fieldText, parseMultipart } from '../multipart.ts';
import { Refusal } from '../refusal.ts';
import { openAiError } from './api.ts';

/** `POST /images/generations`. */
export function generateImages(call: Call): Reply {
  return answerImages(call, {
    model: stringOf(call.json['model']),
    prompt: stringOf(call.json['prompt']),
    count: numberOf(call.json['n']) ?? 1,
    format: stringOf(call.json['response_format']),
    partial: numberOf(call.json['partial_images']) ?? 0,
    stream: call.json['stream'] === true,
    inputImages: 0,
    verb: 'image_generation',
  });
}

/** `POST /images/edits`: multipart with one or more images. */
export function editImages(call: Call): Reply {
  return answerForm(call, { verb: 'image_edit', needsPrompt: true });
}

/** `POST /images/variations`: multipart with one image, no prompt. */
export function varyImages(call: Call): Reply {
  return answerForm(call, { verb: 'image_edit', needsPrompt: false });
}

function answerForm(call: Call, how: { verb: string; needsPrompt: boolean }): Reply {
  const parts = parseMultipart(call.headers['content-type'] ?? '', call.body);
  const images = parts.filter((part) => part.fileName !== undefined && part.name.startsWith('image'));
  if (images.length === 0) {
    throw new Refusal({ status: 400, message: "Missing required parameter: 'image'.", param: 'image' });
  }
  const prompt = fieldText(parts, 'prompt');
  if (how.needsPrompt && prompt === '') {
    throw new Refusal({ status: 400, message: "Missing required parameter: 'prompt'.", param: 'prompt' });
  }
  return answerImages(call, {
    model: fieldText(parts, 'model'),
    prompt: prompt || 'a variation',
    count: Number(fieldText(parts, 'n') || '1'),
    format: fieldText(parts, 'response_format'),
    partial: Number(fieldText(parts, 'partial_images') || '0'),
    stream: fieldText(parts, 'stream') === 'true',
    inputImages: images.length,
    verb: how.verb,
  });
}

interface ImageAsk {
  model: string;
  prompt: string;
  count: number;
  format: string;
  partial: number;
  stream: boolean;
  inputImages: number;
  verb: string;
}

function answerImages(call: Call, ask: ImageAsk): Reply {
  if (ask.prompt === '') {
    throw new Refusal({ status: 400, message: "Missing required parameter: 'prompt'.", param: 'prompt' });
  }
  const created = Math.floor(call.now() / 1000);
  const text = countTokens(ask.prompt);
  const input = text + ask.inputImages * MEDIA_TOKENS;
  const output = ask.count * MEDIA_TOKENS;
  const usage: JsonObject = {
    total_tokens: input + output,
    input_tokens: input,
    output_tokens: output,
    input_tokens_details: { text_tokens: text, image_tokens: ask.inputImages * MEDIA_TOKENS },
  };
  const total = { input, output };
  if (ask.stream) {
    return sseReply(imageFrames(ask, created, usage), {
      usage: total,
      errorFrames: (details) => [sse(openAiError(details), 'error')],
    });
  }
  const asUrl = ask.format === 'url' || (ask.format === '' && ask.model.startsWith('dall-e'));
  const image: JsonValue = asUrl
    ? { url: `data:image/png;base64,${PNG_BASE64}`, revised_prompt: ask.prompt }
    : { b64_json: PNG_BASE64 };
  const body: JsonObject = { created, data: Array.from({ length: ask.count }, () => image) };
  // Only the GPT image models count tokens.
  if (!ask.model.startsWith('dall-e')) body['usage'] = usage;
  return jsonReply(body, { usage: total });
}

function* imageFrames(ask: ImageAsk, created: number, usage: JsonObject): Generator<Frame> {
  const about = { b64_json: PNG_BASE64, created_at: created, size: '1024x1024', quality: 'low', background: 'opaque' };
  for (let index = 0; index < ask.partial; index += 1) {
    const type = `${ask.verb}.partial_image`;
    yield frame(sse({ type, ...about, output_format: 'png', partial_image_index: index }, type));
  }
  const type = `${ask.verb}.completed`;
  yield frame(sse({ type, ...about, output_format: 'png', usage }, type), MEDIA_TOKENS);
}
