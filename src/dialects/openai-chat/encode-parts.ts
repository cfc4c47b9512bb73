import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import type { NeutralCacheMark, NeutralPart } from '../neutral/request.ts';
import { toDataUri } from '../openai/data-uri.ts';

/** What the writers of one request share. */
export interface EncodeState {
  /** The request was decoded from this API: what only it knows is written back. */
  sameDialect: boolean;
  /** Names a loss, once for each text. */
  warn(warning: string): void;
}

const AUDIO_FORMATS: Readonly<Record<string, string>> = {
  'audio/mpeg': 'mp3',
  'audio/mp3': 'mp3',
  'audio/wav': 'wav',
  'audio/x-wav': 'wav',
  'audio/wave': 'wav',
};

function unsupported(message: string): GatewayError {
  return new GatewayError('unsupported_parameter', message, { param: 'messages' });
}

function cacheControl(cache: NeutralCacheMark): JsonObject {
  return cache.ttl === undefined ? { type: 'ephemeral' } : { type: 'ephemeral', ttl: cache.ttl };
}

/** Writes a cache mark back where the client may have written it; other clients' marks cannot be expressed. */
export function writeCacheMark(target: JsonObject, cache: NeutralCacheMark | undefined, state: EncodeState): void {
  if (cache === undefined || target['prompt_cache_breakpoint'] !== undefined) return;
  if (state.sameDialect) target['cache_control'] = cacheControl(cache);
  else state.warn('Prompt cache marks were left out: OpenAI chat servers cache prompts by themselves.');
}

function ownOrigin(part: NeutralPart): JsonObject {
  return part.origin?.dialect === 'openai-chat' ? part.origin.value : {};
}

function encodeDocument(part: NeutralPart & { type: 'document' }): JsonObject {
  const source = part.source;
  const origin = ownOrigin(part);
  if (source.kind === 'text') {
    const text = [part.name, part.context, source.text].filter((line) => line !== undefined && line !== '');
    return { type: 'text', text: text.join('\n') };
  }
  const file: JsonObject = { ...(typeof origin['file'] === 'object' ? (origin['file'] as JsonObject) : {}) };
  if (source.kind === 'file') {
    if (part.origin?.dialect !== 'openai-chat' && part.origin?.dialect !== 'openai-responses') {
      throw unsupported('A document given by file id lives at another provider; send its bytes instead.');
    }
    file['file_id'] = source.id;
  } else if (source.kind === 'url') {
    if (part.origin?.dialect !== 'openai-chat' && !source.url.startsWith('data:')) {
      throw unsupported('OpenAI chat completions take documents as bytes, not by URL; send the document in base64.');
    }
    file['file_data'] = source.url;
  } else {
    file['file_data'] = toDataUri(source.mediaType, source.data);
    file['filename'] = part.name ?? (source.mediaType === 'application/pdf' ? 'document.pdf' : 'document');
  }
  if (part.name !== undefined) file['filename'] = part.name;
  return { ...origin, type: 'file', file };
}

/**
 * Writes one content part of a user, system or assistant text; `undefined` when the API has no form
 * for it, which is then warned of.
 */
export function encodePart(part: NeutralPart, state: EncodeState): JsonObject | undefined {
  const written = encodeBare(part, state);
  if (written !== undefined) writeCacheMark(written, part.cache, state);
  return written;
}

function encodeBare(part: NeutralPart, state: EncodeState): JsonObject | undefined {
  switch (part.type) {
    case 'text': {
      const { annotations: _, ...origin } = ownOrigin(part);
      if (part.origin !== undefined && part.origin.dialect !== 'openai-chat') {
        state.warn('Citations and other marks on text were left out: chat completions cannot carry them.');
      }
      return { ...origin, type: 'text', text: part.text };
    }
    case 'refusal':
      return { ...ownOrigin(part), type: 'refusal', refusal: part.text };
    case 'image': {
      const origin = ownOrigin(part);
      const base = typeof origin['image_url'] === 'object' ? (origin['image_url'] as JsonObject) : {};
      const source = part.source;
      if (source.kind === 'file') {
        throw unsupported('An image given by file id lives at another provider; send its bytes or a URL instead.');
      }
      const url = source.kind === 'url' ? source.url : toDataUri(source.mediaType, source.data);
      const image: JsonObject = { ...base, url };
      if (part.detail !== undefined) image['detail'] = part.detail;
      return { ...origin, type: 'image_url', image_url: image };
    }
    case 'document': {
      if (part.origin !== undefined && part.origin.dialect !== 'openai-chat') {
        state.warn('Citation settings of documents were left out: chat completions have none.');
      }
      return encodeDocument(part);
    }
    case 'audio': {
      if (part.source.kind !== 'base64') throw unsupported('OpenAI chat completions take audio as base64 bytes only.');
      const format = part.format ?? AUDIO_FORMATS[part.source.mediaType] ?? part.source.mediaType.replace('audio/', '');
      return { ...ownOrigin(part), type: 'input_audio', input_audio: { data: part.source.data, format } };
    }
    case 'video': {
      if (part.source.kind === 'file') throw unsupported('A video given by file id lives at another provider.');
      // Not OpenAI's own, but the form that vLLM, SGLang and OpenRouter read.
      const url = part.source.kind === 'url' ? part.source.url : toDataUri(part.source.mediaType, part.source.data);
      return { ...ownOrigin(part), type: 'video_url', video_url: { url } };
    }
    case 'opaque':
      if (part.dialect === 'openai-chat' && typeof part.value === 'object' && part.value !== null) {
        return part.value as JsonObject;
      }
      state.warn(`A content part that only the ${part.dialect} API knows was left out.`);
      return undefined;
    case 'reasoning':
    case 'tool-call':
    case 'tool-result':
      // Written by the message they belong to.
      return undefined;
    default:
      return part satisfies never;
  }
}
