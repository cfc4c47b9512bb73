import type { JsonObject } from '../../json/types.ts';
import { silentMp3, tonePcm, toneWav } from '../brain/media.ts';
import { countTokens, MEDIA_TOKENS, textPieces } from '../brain/tokens.ts';
import { type Call, type Frame, frame, jsonReply, type Reply, rawReply, sse, sseReply } from '../call.ts';
import { stringOf } from '../json-read.ts';
import { type FormPart, fieldText, parseMultipart } from '../multipart.ts';
import { Refusal } from '../refusal.ts';
import { openAiError } from './api.ts';

/** `POST /audio/speech`: silent MP3 (the default), a tone as WAV or PCM; other formats come as WAV too. */
export function speak(call: Call): Reply {
  const input = stringOf(call.json['input']);
  if (input === '') throw new Refusal({ status: 400, message: "Missing required parameter: 'input'.", param: 'input' });
  if (call.strict && stringOf(call.json['voice']) === '' && typeof call.json['voice'] !== 'object') {
    throw new Refusal({ status: 400, message: "Missing required parameter: 'voice'.", param: 'voice' });
  }
  const format = stringOf(call.json['response_format']) || 'mp3';
  const sound = soundOf(format);
  const usage = { input: countTokens(input), output: MEDIA_TOKENS };
  if (call.json['stream_format'] !== 'sse') return { ...rawReply(sound.contentType, sound.bytes), usage };
  return sseReply(speechFrames(sound.bytes, usage), {
    usage,
    errorFrames: (details) => [sse(openAiError(details), 'error')],
  });
}

function soundOf(format: string): { contentType: string; bytes: Buffer } {
  if (format === 'mp3') return { contentType: 'audio/mpeg', bytes: silentMp3() };
  if (format === 'pcm') return { contentType: 'audio/pcm', bytes: tonePcm() };
  return { contentType: 'audio/wav', bytes: toneWav() };
}

function* speechFrames(bytes: Buffer, usage: { input: number; output: number }): Generator<Frame> {
  const half = bytes.length >> 1;
  for (const piece of [bytes.subarray(0, half), bytes.subarray(half)]) {
    yield frame(sse({ type: 'speech.audio.delta', audio: piece.toString('base64') }), MEDIA_TOKENS / 2);
  }
  const total = usage.input + usage.output;
  yield frame(
    sse({
      type: 'speech.audio.done',
      usage: { input_tokens: usage.input, output_tokens: usage.output, total_tokens: total },
    }),
  );
}

/** `POST /audio/transcriptions`. */
export function transcribe(call: Call): Reply {
  return listen(call, 'transcribe');
}

/** `POST /audio/translations`. */
export function translate(call: Call): Reply {
  return listen(call, 'translate');
}

function listen(call: Call, task: 'transcribe' | 'translate'): Reply {
  const parts = parseMultipart(call.headers['content-type'] ?? '', call.body);
  const file = parts.find((part) => part.name === 'file');
  if (file === undefined)
    throw new Refusal({ status: 400, message: "Missing required parameter: 'file'.", param: 'file' });
  if (call.strict && fieldText(parts, 'model') === '') {
    throw new Refusal({ status: 400, message: 'you must provide a model parameter' });
  }
  const text = `This is the demo transcript of ${file.fileName ?? 'a recording'}, ${file.content.length} bytes long.`;
  const usage = { input: MEDIA_TOKENS + countTokens(fieldText(parts, 'prompt')), output: countTokens(text) };
  const details = tokenUsage(usage, parts);
  if (fieldText(parts, 'stream') === 'true') {
    return sseReply(transcriptFrames(text, details), {
      usage,
      errorFrames: (error) => [sse(openAiError(error), 'error')],
    });
  }
  switch (fieldText(parts, 'response_format')) {
    case 'text':
      return { ...rawReply('text/plain; charset=utf-8', `${text}\n`), usage };
    case 'srt':
      return { ...rawReply('text/plain; charset=utf-8', `1\n00:00:00,000 --> 00:00:02,000\n${text}\n\n`), usage };
    case 'vtt':
      return { ...rawReply('text/vtt; charset=utf-8', `WEBVTT\n\n00:00.000 --> 00:02.000\n${text}\n\n`), usage };
    case 'verbose_json':
      return jsonReply(verbose(text, task), { usage });
    default:
      return jsonReply(task === 'transcribe' ? { text, usage: details } : { text }, { usage });
  }
}

function verbose(text: string, task: 'transcribe' | 'translate'): JsonObject {
  const segment = {
    id: 0,
    seek: 0,
    start: 0,
    end: 2,
    text,
    tokens: textPieces(text).map((_, index) => index + 1),
    temperature: 0,
    avg_logprob: -0.1,
    compression_ratio: 1.1,
    no_speech_prob: 0.01,
  };
  return {
    task,
    language: 'english',
    duration: 2,
    text,
    segments: [segment],
    usage: { type: 'duration', seconds: 2 },
  };
}

function* transcriptFrames(text: string, usage: JsonObject): Generator<Frame> {
  for (const delta of textPieces(text)) yield frame(sse({ type: 'transcript.text.delta', delta }), 1);
  yield frame(sse({ type: 'transcript.text.done', text, usage }));
}

/** Whisper bills by the second, the GPT models by the token. */
function tokenUsage(usage: { input: number; output: number }, parts: readonly FormPart[]): JsonObject {
  if (fieldText(parts, 'model') === 'whisper-1') return { type: 'duration', seconds: 2 };
  return {
    type: 'tokens',
    input_tokens: usage.input,
    input_token_details: { text_tokens: usage.input - MEDIA_TOKENS, audio_tokens: MEDIA_TOKENS },
    output_tokens: usage.output,
    total_tokens: usage.input + usage.output,
  };
}
