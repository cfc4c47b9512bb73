import { isObject, type JsonObject } from '../../json/types.ts';
import type { ResponseContext } from '../dialect.ts';
import type { DialectName } from '../names.ts';
import { warnOfLostFields, warnOfLostFinish, warnOfLostMarks, warnOfLostPart } from '../neutral/answer-losses.ts';
import type { NeutralCitation } from '../neutral/citations.ts';
import { tokenForClient } from '../neutral/opaque-token.ts';
import type { NeutralPart } from '../neutral/request.ts';
import type { NeutralCandidate, NeutralResponse } from '../neutral/response.ts';
import { writeGrounding } from './citations.ts';
import { ENCRYPTED_MARK } from './decode-parts.ts';
import { encodeFinishReason } from './finish-reason.ts';
import { encodeLogprobs } from './logprobs.ts';
import { mediaTypeOfUrl } from './media-type.ts';
import { encodeUsage } from './usage.ts';
import { GEMINI_ANSWER, objectsField } from './wire.ts';

/** Writes a `GenerateContentResponse` (https://ai.google.dev/api/generate-content#generatecontentresponse). */
export function encodeResponse(response: NeutralResponse, context: ResponseContext): JsonObject {
  const { candidates: _, ...own } = response.extensions?.gemini ?? {};
  const extras = objectsField(response.extensions?.gemini ?? {}, 'candidates');
  warnOfLostFields(response, GEMINI_ANSWER, context.warn);
  const body: JsonObject = {
    candidates: response.candidates.map((candidate, position) => encodeCandidate(candidate, extras[position], context)),
    modelVersion: response.model || context.requestModel,
    responseId: response.id || context.newId('resp_'),
  };
  if (response.created !== undefined) body['createTime'] = new Date(response.created * 1000).toISOString();
  if (response.usage !== undefined) body['usageMetadata'] = encodeUsage(response.usage);
  return { ...body, ...own };
}

function encodeCandidate(
  candidate: NeutralCandidate,
  extras: JsonObject | undefined,
  context: ResponseContext,
): JsonObject {
  const parts: JsonObject[] = [];
  let broken: string | undefined;
  const cited: NeutralCitation[] = [];
  for (const part of candidate.content) {
    const encoded = encodeAnswerPart(part, context.providerDialect);
    if (encoded !== undefined) parts.push(encoded);
    else if (part.type === 'tool-call') broken ??= brokenCall(part.name, part.arguments);
    else warnOfLostPart(part, GEMINI_ANSWER, context.warn);
    if (part.type === 'text') {
      warnOfLostMarks(part, { api: GEMINI_ANSWER, shown: true }, context.warn);
      cited.push(...(part.citations ?? []));
    }
  }
  const grounding = writeGrounding(cited);
  const out: JsonObject = {
    content: { parts, role: 'model' },
    finishReason: encodeFinishReason(candidate),
    index: candidate.index,
    ...(grounding === undefined ? {} : { groundingMetadata: grounding }),
    ...extras,
  };
  warnOfLostFinish(candidate, String(out['finishReason']), context.warn);
  if (broken !== undefined) {
    // A call cut short has no form in Google's API, which answers so when a model writes one.
    if (out['finishReason'] === 'STOP') out['finishReason'] = 'MALFORMED_FUNCTION_CALL';
    out['finishMessage'] = broken;
  }
  const logprobs = candidate.logprobs === undefined ? undefined : encodeLogprobs(candidate.logprobs);
  if (logprobs !== undefined) out['logprobsResult'] = logprobs;
  return out;
}

/** What a caller is told about a call whose arguments are no JSON object. */
export function brokenCall(name: string, text: string): string {
  return `Malformed function call: ${name}(${text})`;
}

/** Writes a call of an answer; `undefined` when its arguments are no JSON object. */
export function encodeAnswerCall(call: {
  id: string;
  name: string;
  arguments: string;
  signature?: string;
}): JsonObject | undefined {
  let args: unknown = {};
  try {
    if (call.arguments.trim() !== '') args = JSON.parse(call.arguments);
  } catch {
    return undefined;
  }
  if (!isObject(args)) return undefined;
  const part: JsonObject = { functionCall: { id: call.id, name: call.name, args } };
  if (call.signature !== undefined) part['thoughtSignature'] = call.signature;
  return part;
}

/** Writes a thought of an answer of the API `provider`. */
export function encodeAnswerThought(
  text: string,
  { signature, encrypted }: { signature?: string; encrypted?: string },
  provider: DialectName | undefined,
): JsonObject {
  const part: JsonObject = { text, thought: true };
  if (signature !== undefined) {
    part['thoughtSignature'] = tokenForClient(signature, 'thought', { client: 'gemini', provider });
  } else if (encrypted !== undefined) {
    part['thoughtSignature'] = tokenForClient(encrypted, 'encrypted', { client: 'gemini', provider });
    part['partMetadata'] = { ...ENCRYPTED_MARK };
  }
  return part;
}

/** Writes a part of an answer; `undefined` for what only another API can express. */
export function encodeAnswerPart(part: NeutralPart, provider: DialectName | undefined): JsonObject | undefined {
  const origin = part.origin?.dialect === 'gemini' ? part.origin.value : undefined;
  switch (part.type) {
    case 'text':
      return { ...origin, text: part.text };
    case 'refusal':
      return { text: part.text };
    case 'reasoning':
      return encodeAnswerThought(part.text, part, provider);
    case 'tool-call':
      return origin ?? encodeAnswerCall(part);
    case 'image':
    case 'audio':
    case 'video':
    case 'document': {
      if (origin !== undefined) return origin;
      const source = part.source;
      if (source.kind === 'base64') return { inlineData: { mimeType: source.mediaType, data: source.data } };
      if (source.kind === 'text') return { text: source.text };
      const uri = source.kind === 'url' ? source.url : source.id;
      const mimeType = source.mediaType ?? mediaTypeOfUrl(uri);
      return { fileData: mimeType === undefined ? { fileUri: uri } : { mimeType, fileUri: uri } };
    }
    case 'opaque':
      return part.dialect === 'gemini' && isObject(part.value) ? part.value : undefined;
    case 'tool-result':
      return undefined;
    default:
      return part satisfies never;
  }
}
