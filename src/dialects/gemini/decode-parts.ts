import type { JsonObject } from '../../json/types.ts';
import { thoughtTokens } from '../neutral/opaque-token.ts';
import type { NeutralOrigin, NeutralPart, NeutralSource } from '../neutral/request.ts';
import { mediaTypeOfUrl } from './media-type.ts';
import { camelKeys, hasOtherKeys, objectField, objectsField, SKIP_SIGNATURE, stringField } from './wire.ts';

/** Who names the calls that Google leaves without an id. */
export interface CallIds {
  /** Id of a call that has none; `name` is the function's. */
  forCall(name: string): string;
  /** Id of the call that a response without an id answers. */
  forResponse(name: string): string;
}

/** Marks thoughts made of another provider's encrypted reasoning, so that it is told apart when it comes back. */
export const ENCRYPTED_MARK = { reasoning: 'encrypted' } as const;

/** Reads one part of a turn. A part with more than the neutral fields keeps its own object as origin. */
export function decodePart(raw: JsonObject, ids: CallIds): NeutralPart {
  const part = camelKeys(raw);
  const signature = stringField(part, 'thoughtSignature');
  const origin: { origin: NeutralOrigin } = { origin: { dialect: 'gemini', value: raw } };
  const text = stringField(part, 'text');
  if (text !== undefined) {
    if (part['thought'] === true) return decodeThought(part, raw);
    return hasOtherKeys(part, ['text', 'thought']) ? { type: 'text', text, ...origin } : { type: 'text', text };
  }
  const call = objectField(part, 'functionCall');
  if (call !== undefined) {
    const plain = !hasOtherKeys(call, ['name', 'args']) && !hasOtherKeys(part, ['functionCall', 'thoughtSignature']);
    // The stand-in says that there is no signature: other APIs lose nothing by it, Gemini 3 gets a new one.
    const real = signature === SKIP_SIGNATURE ? undefined : signature;
    return { ...decodeCall(call, real, ids), ...(plain ? {} : origin) };
  }
  const response = objectField(part, 'functionResponse');
  if (response !== undefined) return { ...decodeFunctionResponse(response, ids), ...origin };
  const inline = objectField(part, 'inlineData');
  const file = objectField(part, 'fileData');
  if (inline === undefined && file === undefined) return { type: 'opaque', dialect: 'gemini', value: raw };
  const source = decodeSource(inline, file);
  const media = decodeMedia(source, stringField(camelKeys(inline ?? file ?? {}), 'displayName'));
  return hasOtherKeys(part, ['inlineData', 'fileData']) ? { ...media, ...origin } : media;
}

function decodeThought(part: JsonObject, raw: JsonObject): NeutralPart {
  const text = stringField(part, 'text') ?? '';
  const signature = stringField(part, 'thoughtSignature');
  if (signature === undefined) return { type: 'reasoning', text };
  const mark = objectField(part, 'partMetadata')?.['reasoning'];
  if (mark === ENCRYPTED_MARK.reasoning) {
    return { type: 'reasoning', text, ...thoughtTokens(signature, 'encrypted', undefined) };
  }
  const tokens = thoughtTokens(signature, 'signature', undefined);
  if (tokens.origin !== undefined || tokens.signature === undefined) return { type: 'reasoning', text, ...tokens };
  return { type: 'reasoning', text, signature, origin: { dialect: 'gemini', value: raw } };
}

/** Reads a `functionCall`; the arguments become JSON text. */
export function decodeCall(
  call: JsonObject,
  signature: string | undefined,
  ids: CallIds,
): Extract<NeutralPart, { type: 'tool-call' }> {
  const name = stringField(call, 'name') ?? '';
  const part: Extract<NeutralPart, { type: 'tool-call' }> = {
    type: 'tool-call',
    id: stringField(call, 'id') || ids.forCall(name),
    name,
    arguments: JSON.stringify(objectField(call, 'args') ?? {}),
  };
  if (signature !== undefined) part.signature = signature;
  return part;
}

function decodeFunctionResponse(raw: JsonObject, ids: CallIds): Extract<NeutralPart, { type: 'tool-result' }> {
  const message = camelKeys(raw);
  const name = stringField(message, 'name') ?? '';
  const response = objectField(message, 'response') ?? {};
  const content: NeutralPart[] = [{ type: 'text', text: resultText(response) }];
  for (const part of objectsField(message, 'parts')) content.push(decodePart(part, ids));
  const result: Extract<NeutralPart, { type: 'tool-result' }> = {
    type: 'tool-result',
    callId: stringField(message, 'id') || ids.forResponse(name),
    name,
    content,
  };
  if (response['error'] !== undefined && !hasOtherKeys(response, ['error'])) result.isError = true;
  return result;
}

/** The text of a result: what stands alone under `output`, `result` or `error`, else the object as JSON. */
function resultText(response: JsonObject): string {
  const [key, ...rest] = Object.keys(response);
  if (rest.length === 0 && (key === 'output' || key === 'result' || key === 'error')) {
    const value = response[key];
    return typeof value === 'string' ? value : JSON.stringify(value);
  }
  return JSON.stringify(response);
}

function decodeSource(inline: JsonObject | undefined, file: JsonObject | undefined): NeutralSource {
  if (inline !== undefined) {
    const blob = camelKeys(inline);
    return {
      kind: 'base64',
      mediaType: stringField(blob, 'mimeType') ?? '',
      data: stringField(blob, 'data') ?? '',
    };
  }
  const data = camelKeys(file ?? {});
  const url = stringField(data, 'fileUri') ?? '';
  const mediaType = stringField(data, 'mimeType') ?? mediaTypeOfUrl(url);
  return mediaType === undefined ? { kind: 'url', url } : { kind: 'url', url, mediaType };
}

/** The kind of part a media type stands for; what is neither picture nor sound is a document. */
export function decodeMedia(source: NeutralSource, name: string | undefined): NeutralPart {
  const mediaType = source.mediaType ?? '';
  if (mediaType.startsWith('image/')) return { type: 'image', source };
  if (mediaType.startsWith('audio/')) return { type: 'audio', source };
  if (mediaType.startsWith('video/')) return { type: 'video', source };
  return name === undefined ? { type: 'document', source } : { type: 'document', source, name };
}
