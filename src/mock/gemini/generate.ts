import type { JsonObject, JsonValue } from '../../json/types.ts';
import { type Answer, type AnswerCandidate, type AnswerPart, type AnswerUsage, think } from '../brain/think.ts';
import { textPieces } from '../brain/tokens.ts';
import { type Call, type Frame, frame, jsonReply, type Reply, type StreamReply, sse, sseReply } from '../call.ts';
import { objectOf } from '../json-read.ts';
import { Refusal } from '../refusal.ts';
import { googleError } from './api.ts';
import { pick, readGenerate, wantsThoughts } from './read-generate.ts';
import { checkGenerate } from './strict.ts';

/** Gemini streams several tokens a chunk. */
const CHUNK_TOKENS = 4;

/** `POST ...models/{model}:generateContent`. */
export function generateContent(call: Call): Reply {
  const { answer, about } = thinkGemini(call);
  const candidates = answer.candidates.map((candidate, index): JsonValue => {
    const parts = candidate.parts.flatMap((part) => wholePart(part, about.showThoughts));
    return { content: { parts, role: 'model' }, finishReason: finishReason(candidate), index, avgLogprobs: -0.1 };
  });
  const body = { candidates, usageMetadata: usageMetadata(answer.usage), ...about.tail };
  return jsonReply(body, { usage: { input: answer.usage.input, output: answer.usage.output } });
}

/** `POST ...models/{model}:streamGenerateContent`: events with `?alt=sse`, else one JSON array, written piece by piece. */
export function streamGenerateContent(call: Call): Reply {
  const { answer, about } = thinkGemini(call);
  const usage = { input: answer.usage.input, output: answer.usage.output };
  if (call.query.get('alt') === 'sse') {
    return sseReply(sseFrames(chunks(answer, about)), { usage, errorFrames: (details) => [sse(googleError(details))] });
  }
  const reply: StreamReply = {
    kind: 'stream',
    headers: { 'content-type': 'application/json; charset=UTF-8' },
    frames: arrayFrames(chunks(answer, about)),
    usage,
    errorFrames: (details) => [`${details.first ? '[' : ',\r\n'}${JSON.stringify(googleError(details))}]`],
  };
  return reply;
}

/** `POST ...models/{model}:countTokens`: bare contents (Vertex, AI Studio) or a whole `generateContentRequest` (AI Studio). */
export function countContentTokens(call: Call): Reply {
  const whole = objectOf(pick(call.json, 'generateContentRequest'));
  const body = Object.keys(whole).length > 0 ? whole : call.json;
  const total = readGenerate(body, call.params[0] ?? '').inputTokens;
  return jsonReply({ totalTokens: total, promptTokensDetails: [{ modality: 'TEXT', tokenCount: total }] });
}

interface GeminiRendering {
  showThoughts: boolean;
  tail: JsonObject;
}

function thinkGemini(call: Call): { answer: Answer; about: GeminiRendering } {
  const model = call.params[0] ?? '';
  acceptGeminiModel(call, model);
  if (call.strict) checkGenerate(call.json, { vertex: call.api.name === 'vertex', model });
  const answer = think(readGenerate(call.json, model), { ...call.control, newId: () => call.newId('') });
  const tail = { modelVersion: model, responseId: call.newId('', 23), createTime: new Date(call.now()).toISOString() };
  return { answer, about: { showThoughts: wantsThoughts(call.json), tail } };
}

/** Refuses a model that is not served, when a list was given. */
export function acceptGeminiModel(call: Call, model: string): void {
  if (!call.onlyListedModels || call.models.includes(model)) return;
  throw new Refusal({
    status: 404,
    message: `models/${model} is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.`,
  });
}

function* chunks(answer: Answer, about: GeminiRendering): Generator<{ body: JsonObject; tokens: number }> {
  const early = { ...usageMetadata({ ...answer.usage, output: 0, reasoning: 0 }) };
  const chunk = (index: number, parts: JsonValue[], finish?: string): JsonObject => ({
    candidates: [
      { content: { parts, role: 'model' }, ...(finish === undefined ? {} : { finishReason: finish }), index },
    ],
    usageMetadata: finish === undefined ? early : usageMetadata(answer.usage),
    ...about.tail,
  });
  for (const [index, candidate] of answer.candidates.entries()) {
    for (const part of candidate.parts) {
      if (part.type === 'tool-call') {
        yield { body: chunk(index, wholePart(part, about.showThoughts)), tokens: CHUNK_TOKENS };
      } else if (part.type === 'text' || about.showThoughts) {
        for (const text of textPieces(part.text, CHUNK_TOKENS * 4)) {
          const piece: JsonObject = part.type === 'text' ? { text } : { text, thought: true };
          yield { body: chunk(index, [piece]), tokens: CHUNK_TOKENS };
        }
      }
    }
    yield { body: chunk(index, [lastPart(candidate)], finishReason(candidate)), tokens: 0 };
  }
}

/** The end of a stream carries the signature of what was thought, on a part without text. */
function lastPart(candidate: AnswerCandidate): JsonObject {
  const thought = candidate.parts.find((part) => part.type === 'reasoning');
  const called = candidate.parts.some((part) => part.type === 'tool-call');
  return thought === undefined || called ? { text: '' } : { text: '', thoughtSignature: thought.signature };
}

function* sseFrames(bodies: Iterable<{ body: JsonObject; tokens: number }>): Generator<Frame> {
  for (const { body, tokens } of bodies) yield frame(sse(body), tokens);
}

function* arrayFrames(bodies: Iterable<{ body: JsonObject; tokens: number }>): Generator<Frame> {
  let separator = '[';
  for (const { body, tokens } of bodies) {
    yield frame(separator + JSON.stringify(body, null, 2), tokens);
    separator = ',\r\n';
  }
  yield frame(']');
}

function wholePart(part: AnswerPart, showThoughts: boolean): JsonValue[] {
  if (part.type === 'text') return [{ text: part.text }];
  if (part.type === 'reasoning') return showThoughts ? [{ text: part.text, thought: true }] : [];
  const functionCall = { name: part.name, args: JSON.parse(part.arguments) as JsonValue };
  return [{ functionCall, thoughtSignature: part.signature }];
}

/** Function calls end with STOP too. */
function finishReason(candidate: AnswerCandidate): string {
  return candidate.finish === 'length' ? 'MAX_TOKENS' : 'STOP';
}

/** Thoughts count beside the candidates' tokens, not among them. */
function usageMetadata(usage: AnswerUsage): JsonObject {
  return {
    promptTokenCount: usage.input,
    candidatesTokenCount: usage.output - usage.reasoning,
    totalTokenCount: usage.input + usage.output,
    ...(usage.cached > 0 ? { cachedContentTokenCount: usage.cached } : {}),
    ...(usage.reasoning > 0 ? { thoughtsTokenCount: usage.reasoning } : {}),
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: usage.input }],
  };
}
