import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import type { NeutralPart } from '../neutral/request.ts';
import { toDataUri } from '../openai/data-uri.ts';
import { ownValue, RESPONSES } from './wire.ts';

/** What the writers of one request share. */
export interface EncodeState {
  /** The request was decoded from this API: what only it knows is written back. */
  sameDialect: boolean;
  /** The request was decoded from an API without an error flag on tool results: theirs is a guess of its reader. */
  guessedErrors: boolean;
  /** Names of the tools that take free text. */
  customTools: ReadonlySet<string>;
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

/** APIs whose file ids are OpenAI's. */
const FILE_OWNERS: ReadonlySet<string | undefined> = new Set([RESPONSES, 'openai-chat']);

function unsupported(message: string): GatewayError {
  return new GatewayError('unsupported_parameter', message, { param: 'messages' });
}

/** Warns of what another API says beside a part's content. */
function warnOfMarks(part: NeutralPart, own: JsonObject | undefined, state: EncodeState): void {
  if (part.cache !== undefined && own?.['prompt_cache_breakpoint'] === undefined && !state.sameDialect) {
    state.warn('Prompt cache marks were left out: OpenAI caches prompts by itself.');
  }
}

function encodeImage(part: NeutralPart & { type: 'image' }): JsonObject {
  const own = ownValue(part);
  const image: JsonObject = { ...own, type: 'input_image' };
  const source = part.source;
  if (source.kind === 'file') {
    if (!FILE_OWNERS.has(part.origin?.dialect)) {
      throw unsupported('An image given by file id lives at another provider; send its bytes or a URL instead.');
    }
    image['file_id'] = source.id;
  } else {
    image['image_url'] = source.kind === 'url' ? source.url : toDataUri(source.mediaType, source.data);
  }
  image['detail'] = part.detail ?? own?.['detail'] ?? 'auto';
  return image;
}

function encodeDocument(part: NeutralPart & { type: 'document' }): JsonObject[] {
  const source = part.source;
  const context = part.context === undefined || part.context === '' ? [] : [part.context];
  if (source.kind === 'text') {
    const named = part.name === undefined || part.name === '' ? [] : [part.name];
    return [{ type: 'input_text', text: [...named, ...context, source.text].join('\n') }];
  }
  const file: JsonObject = { ...ownValue(part), type: 'input_file' };
  if (source.kind === 'file') {
    if (!FILE_OWNERS.has(part.origin?.dialect)) {
      throw unsupported('A document given by file id lives at another provider; send its bytes or a URL instead.');
    }
    file['file_id'] = source.id;
  } else if (source.kind === 'url') {
    file['file_url'] = source.url;
  } else {
    // OpenAI wants a name beside bytes.
    file['filename'] = part.name ?? (source.mediaType === 'application/pdf' ? 'document.pdf' : 'document');
    file['file_data'] = toDataUri(source.mediaType, source.data);
  }
  return [...context.map((text): JsonObject => ({ type: 'input_text', text })), file];
}

function encodeAudio(part: NeutralPart & { type: 'audio' }): JsonObject {
  if (part.source.kind !== 'base64') throw unsupported('The Responses API takes audio as base64 bytes only.');
  const format = part.format ?? AUDIO_FORMATS[part.source.mediaType] ?? part.source.mediaType.replace('audio/', '');
  return { ...ownValue(part), type: 'input_audio', input_audio: { data: part.source.data, format } };
}

/**
 * Writes a part of what a client says, or of a tool's output, as the content parts it takes; none when
 * the API has no form for it, which is then warned of.
 */
export function encodePart(part: NeutralPart, state: EncodeState): JsonObject[] {
  const own = ownValue(part);
  warnOfMarks(part, own, state);
  switch (part.type) {
    case 'text':
      if (part.origin !== undefined && own === undefined) {
        state.warn('Citations and other marks on text were left out: the Responses API cannot carry them.');
      }
      return [{ ...own, type: 'input_text', text: part.text }];
    case 'refusal':
      return [{ type: 'input_text', text: part.text }];
    case 'image':
      return [encodeImage(part)];
    case 'document':
      if (part.origin !== undefined && !FILE_OWNERS.has(part.origin.dialect)) {
        state.warn('Citation settings of documents were left out: the Responses API has none.');
      }
      return encodeDocument(part);
    case 'audio':
      return [encodeAudio(part)];
    case 'video':
      throw unsupported('The Responses API takes no video.');
    case 'opaque':
      if (part.dialect === RESPONSES && typeof part.value === 'object' && part.value !== null) {
        return [part.value as JsonObject];
      }
      warnOfOpaque(part, state);
      return [];
    case 'reasoning':
    case 'tool-call':
    case 'tool-result':
      // Items of their own.
      return [];
    default:
      return part satisfies never;
  }
}

/** Warns of a part that only another API knows; chat's own message fields are named. */
export function warnOfOpaque(part: NeutralPart & { type: 'opaque' }, state: EncodeState): void {
  const value = part.value;
  const fields =
    typeof value === 'object' && value !== null && !Array.isArray(value) ? value['message_fields'] : undefined;
  const names = typeof fields === 'object' && fields !== null ? Object.keys(fields) : [];
  const what = names.length > 0 ? `The message field '${names.join("', '")}'` : 'A content part';
  state.warn(`${what} that only the ${part.dialect} API knows was left out.`);
}
