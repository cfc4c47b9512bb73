import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import type { ProviderResponseContext } from '../dialect.ts';
import type { NeutralPart } from '../neutral/request.ts';
import type { NeutralResponse } from '../neutral/response.ts';
import { hasOtherFields, otherFields, textOf } from '../openai/fields.ts';
import { readCitations } from './citations.ts';
import { decodeStopReason } from './stop-reason.ts';
import { readAnthropicUsage, serviceTierOf } from './token-counts.ts';
import { RESPONSE_FIELDS } from './wire.ts';

const TEXT_FIELDS: ReadonlySet<string> = new Set(['type', 'text']);
const CALL_FIELDS: ReadonlySet<string> = new Set(['type', 'id', 'name', 'input']);

function withOrigin(part: NeutralPart, block: JsonObject, known: ReadonlySet<string>): NeutralPart {
  if (!hasOtherFields(block, known)) return part;
  const { text: _text, input: _input, ...rest } = block;
  return { ...part, origin: { dialect: 'anthropic', value: rest } };
}

function decodeBlock(block: JsonObject, context: ProviderResponseContext): NeutralPart {
  switch (block['type']) {
    case 'text': {
      const part: NeutralPart = { type: 'text', text: textOf(block['text']) ?? '' };
      const citations = block['citations'];
      if (Array.isArray(citations) && citations.length > 0) part.citations = readCitations(citations);
      return withOrigin(part, block, TEXT_FIELDS);
    }
    case 'thinking': {
      const part: NeutralPart = { type: 'reasoning', text: textOf(block['thinking']) ?? '' };
      const signature = textOf(block['signature']);
      if (signature !== undefined && signature !== '') part.signature = signature;
      return part;
    }
    case 'redacted_thinking':
      return { type: 'reasoning', text: '', encrypted: textOf(block['data']) ?? '' };
    case 'tool_use': {
      const part: NeutralPart = {
        type: 'tool-call',
        id: textOf(block['id']) || context.newId('toolu_'),
        name: textOf(block['name']) ?? '',
        arguments: JSON.stringify(block['input'] ?? {}),
      };
      return withOrigin(part, block, CALL_FIELDS);
    }
    default:
      return { type: 'opaque', dialect: 'anthropic', value: block };
  }
}

/** Reads a whole answer: every block is kept, in order. */
export function decodeResponse(body: JsonObject, context: ProviderResponseContext): NeutralResponse {
  const content = body['content'];
  if (!Array.isArray(content)) {
    throw new GatewayError('provider_bad_response', "The provider's answer is not a message: it has no content.");
  }
  const parts: NeutralPart[] = [];
  for (const block of content) if (isObject(block)) parts.push(decodeBlock(block, context));
  const finish = decodeStopReason(textOf(body['stop_reason']), textOf(body['stop_sequence']));
  const response: NeutralResponse = {
    id: textOf(body['id']) ?? '',
    model: textOf(body['model']) ?? '',
    candidates: [{ index: 0, content: parts, ...finish }],
  };
  const usage = readAnthropicUsage(body['usage']);
  if (usage !== undefined) response.usage = usage;
  const tier = serviceTierOf(body['usage']);
  if (tier !== undefined) response.serviceTier = tier;
  const rest = otherFields(body, RESPONSE_FIELDS);
  if (rest !== undefined) response.extensions = { anthropic: rest };
  return response;
}
