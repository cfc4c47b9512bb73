import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { NeutralEvent } from '../neutral/response.ts';
import { readCitations } from './citations.ts';
import { decodeBlock } from './decode-content.ts';
import { fromBlob, joinBlobs } from './opaque-bytes.ts';
import { asObject, asString, BEDROCK, objectsOf } from './wire.ts';

type Emit = (event: NeutralEvent) => void;

/** What a streamed block holds; `own` is one that only Bedrock understands, such as a tool it ran itself. */
export type BlockKind = 'text' | 'reasoning' | 'tool' | 'own';

/** One block of a stream between its start and its stop. */
export interface StreamBlock {
  /** Takes `start` of contentBlockStart. */
  start(start: JsonObject, emit: Emit): void;
  /** Whether a delta of this kind continues the block. */
  takes(kind: BlockKind): boolean;
  /** Takes `delta` of contentBlockDelta. */
  delta(delta: JsonObject, emit: Emit): void;
  end(emit: Emit): void;
}

/** The kind of block a contentBlockStart opens; undefined leaves that to the first delta. */
export function kindOfStart(body: JsonObject): BlockKind | undefined {
  const start = asObject(body['start']);
  const toolUse = asObject(start?.['toolUse']);
  if (toolUse !== undefined) return asString(toolUse['type']) === undefined ? 'tool' : 'own';
  return start?.['toolResult'] !== undefined || start?.['image'] !== undefined ? 'own' : undefined;
}

/** The kind of block a delta belongs to; undefined for a kind this table does not know. */
export function kindOfDelta(delta: JsonObject): BlockKind | undefined {
  if (typeof delta['text'] === 'string' || delta['citation'] !== undefined) return 'text';
  if (delta['toolUse'] !== undefined) return 'tool';
  if (delta['reasoningContent'] !== undefined) return 'reasoning';
  if (delta['toolResult'] !== undefined || delta['image'] !== undefined) return 'own';
  return undefined;
}

/** Opens a block under its neutral number. */
export function createStreamBlock(kind: BlockKind, block: number): StreamBlock {
  switch (kind) {
    case 'text':
      return createTextBlock(block);
    case 'reasoning':
      return createReasoningBlock(block);
    case 'tool':
      return createToolBlock(block);
    case 'own':
      return createOwnBlock(block);
  }
}

const noStart = (): void => {};

function createTextBlock(block: number): StreamBlock {
  const citations: JsonValue[] = [];
  let begun = false;
  const begin = (emit: Emit): void => {
    if (!begun) emit({ type: 'text-start', candidate: 0, block });
    begun = true;
  };
  return {
    start: noStart,
    takes: (kind) => kind === 'text',
    delta(delta, emit) {
      begin(emit);
      const text = asString(delta['text']);
      if (text !== undefined && text !== '') emit({ type: 'text-delta', candidate: 0, block, text });
      if (delta['citation'] !== undefined) citations.push(delta['citation']);
    },
    end(emit) {
      begin(emit);
      // The text itself has gone out already: the origin holds the citations alone.
      const origin =
        citations.length === 0
          ? {}
          : {
              origin: { dialect: BEDROCK, value: { citationsContent: { citations } } } as const,
              citations: readCitations(citations),
            };
      emit({ type: 'text-end', candidate: 0, block, ...origin });
    },
  };
}

function createReasoningBlock(block: number): StreamBlock {
  let signature: string | undefined;
  let blob: string | undefined;
  let begun = false;
  return {
    start: noStart,
    takes: (kind) => kind === 'reasoning',
    delta(delta, emit) {
      if (!begun) emit({ type: 'reasoning-start', candidate: 0, block });
      begun = true;
      const reasoning = asObject(delta['reasoningContent']) ?? {};
      const text = asString(reasoning['text']);
      if (text !== undefined && text !== '') emit({ type: 'reasoning-delta', candidate: 0, block, text });
      const signed = asString(reasoning['signature']);
      if (signed !== undefined) signature = (signature ?? '') + signed;
      const redacted = asString(reasoning['redactedContent']);
      if (redacted !== undefined) blob = blob === undefined ? redacted : joinBlobs(blob, redacted);
    },
    end(emit) {
      emit({
        type: 'reasoning-end',
        candidate: 0,
        block,
        ...(signature === undefined ? {} : { signature }),
        ...(blob === undefined ? {} : { encrypted: fromBlob(blob) }),
      });
    },
  };
}

function createToolBlock(block: number): StreamBlock {
  let hasInput = false;
  return {
    start(start, emit) {
      const toolUse = asObject(start['toolUse']);
      const id = asString(toolUse?.['toolUseId']);
      const name = asString(toolUse?.['name']);
      if (id === undefined || name === undefined) {
        throw new GatewayError('provider_bad_response', 'The Bedrock stream begins a tool call without id or name.');
      }
      emit({ type: 'tool-call-start', candidate: 0, block, id, name });
    },
    takes: (kind) => kind === 'tool',
    delta(delta, emit) {
      const input = asString(asObject(delta['toolUse'])?.['input']) ?? '';
      if (input === '') return;
      hasInput = true;
      emit({ type: 'tool-call-delta', candidate: 0, block, arguments: input });
    },
    end(emit) {
      // A call without arguments streams none, yet clients parse what they collected as JSON.
      if (!hasInput) emit({ type: 'tool-call-delta', candidate: 0, block, arguments: '{}' });
      emit({ type: 'tool-call-end', candidate: 0, block });
    },
  };
}

/** Collects a block that only Bedrock understands and gives it whole, in the form it has in an unstreamed answer. */
function createOwnBlock(block: number): StreamBlock {
  let started: JsonObject = {};
  let input = '';
  const results: JsonObject[] = [];
  const image: JsonObject = {};
  return {
    start(start) {
      started = start;
    },
    takes: (kind) => kind === 'own' || (kind === 'tool' && started['toolUse'] !== undefined),
    delta(delta) {
      input += asString(asObject(delta['toolUse'])?.['input']) ?? '';
      for (const result of objectsOf(delta['toolResult'])) pushResult(results, result);
      const source = asObject(asObject(delta['image'])?.['source']);
      if (source !== undefined) joinImage(image, source);
    },
    end(emit) {
      const value = wholeOwnBlock(started, { input, results, image });
      const media = value['image'] === undefined ? {} : { part: decodeBlock(value, refusePart) };
      emit({ type: 'opaque', dialect: BEDROCK, candidate: 0, block, value, ...media });
    },
  };
}

function refusePart(path: string): never {
  throw new GatewayError('provider_bad_response', `The Bedrock stream holds a content block without ${path}.`);
}

function pushResult(results: JsonObject[], result: JsonObject): void {
  const last = results.at(-1);
  if (typeof result['text'] === 'string' && typeof last?.['text'] === 'string') last['text'] += result['text'];
  else results.push({ ...result });
}

function joinImage(image: JsonObject, source: JsonObject): void {
  const bytes = asString(source['bytes']);
  const former = asString(image['bytes']);
  if (bytes === undefined) Object.assign(image, source);
  else image['bytes'] = former === undefined ? bytes : joinBlobs(former, bytes);
}

function wholeOwnBlock(
  start: JsonObject,
  parts: { input: string; results: JsonObject[]; image: JsonObject },
): JsonObject {
  const toolUse = asObject(start['toolUse']);
  if (toolUse !== undefined) return { toolUse: { ...toolUse, input: parseInput(parts.input) } };
  if (Object.keys(parts.image).length > 0 || start['image'] !== undefined) {
    return { image: { ...asObject(start['image']), source: parts.image } };
  }
  return { toolResult: { ...asObject(start['toolResult']), content: parts.results } };
}

function parseInput(input: string): JsonValue {
  if (input === '') return {};
  try {
    return JSON.parse(input) as JsonValue;
  } catch {
    return input;
  }
}
