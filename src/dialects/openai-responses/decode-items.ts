import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { ProviderResponseContext } from '../dialect.ts';
import type { NeutralPart } from '../neutral/request.ts';
import { hasOtherFields, textOf } from '../openai/fields.ts';
import { readAnnotations } from './annotations.ts';
import { decodeOwnReasoning } from './decode-reasoning.ts';
import { originOf, RESPONSES, wrapCustomInput } from './wire.ts';

const CALL_FIELDS: ReadonlySet<string> = new Set(['type', 'id', 'call_id', 'name', 'arguments', 'status']);

/** What OpenAI says about a text beside it: annotations, and the label that models want back. */
export function textOrigin(part: JsonObject | undefined, phase: JsonValue | undefined): JsonObject | undefined {
  const value: JsonObject = {};
  const annotations = part?.['annotations'];
  if (Array.isArray(annotations) && annotations.length > 0) value['annotations'] = annotations;
  if (typeof phase === 'string') value['phase'] = phase;
  return Object.keys(value).length === 0 ? undefined : value;
}

function decodeMessage(item: JsonObject): NeutralPart[] {
  const content = item['content'];
  if (!Array.isArray(content)) return [];
  return content.filter(isObject).map((part): NeutralPart => {
    if (part['type'] === 'output_text') {
      const text: NeutralPart = { type: 'text', text: textOf(part['text']) ?? '' };
      const origin = textOrigin(part, item['phase']);
      const annotations = origin?.['annotations'];
      if (Array.isArray(annotations)) text.citations = readAnnotations(annotations);
      return origin === undefined ? text : { ...text, origin: originOf(origin) };
    }
    if (part['type'] === 'refusal') return { type: 'refusal', text: textOf(part['refusal']) ?? '' };
    return { type: 'opaque', dialect: RESPONSES, value: part };
  });
}

/** Reads one item of `output`. What the gateway does not know is kept as it is. */
export function decodeOutputItem(item: JsonObject, context: ProviderResponseContext): NeutralPart[] {
  switch (item['type']) {
    case 'message':
      return decodeMessage(item);
    case 'reasoning':
      return [decodeOwnReasoning(item)];
    case 'function_call':
    case 'custom_tool_call': {
      const custom = item['type'] === 'custom_tool_call';
      const part: NeutralPart = {
        type: 'tool-call',
        id: textOf(item['call_id']) || context.newId('call_'),
        name: textOf(item['name']) ?? '',
        arguments: custom ? wrapCustomInput(textOf(item['input']) ?? '') : (textOf(item['arguments']) ?? ''),
      };
      if (custom || hasOtherFields(item, CALL_FIELDS)) part.origin = originOf(item);
      return [part];
    }
    default:
      return [{ type: 'opaque', dialect: RESPONSES, value: item }];
  }
}

/** The log probabilities of a list of output items, in chat's form; `undefined` when there are none. */
export function logprobsOf(output: readonly JsonObject[]): JsonObject | undefined {
  const content: JsonValue[] = [];
  for (const item of output) {
    for (const part of Array.isArray(item['content']) ? item['content'] : []) {
      if (isObject(part) && Array.isArray(part['logprobs'])) content.push(...part['logprobs']);
    }
  }
  return content.length === 0 ? undefined : { content };
}
