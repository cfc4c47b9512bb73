import type { JsonObject, JsonValue } from '../../json/types.ts';
import { imageUrl, inBatches, inputText, unsupportedInput } from '../embeddings/inputs.ts';
import type { NeutralEmbeddingInput } from '../neutral/embeddings.ts';
import { imagePart, MAX_INPUTS } from './wire.ts';

/** Inputs that go into one request, and the field that holds them. */
export interface InputGroup {
  field: 'texts' | 'images' | 'inputs';
  values: JsonValue[];
}

/** How mixed inputs and images are written: Embed v3 takes single images only, and Bedrock's URLs stand bare. */
export interface GroupOptions {
  api: string;
  version3: boolean;
  bareImageUrls: boolean;
}

function fieldOf(input: NeutralEmbeddingInput, options: GroupOptions): InputGroup['field'] {
  if (input.content.every((part) => part.type === 'text' || part.type === 'tokens')) return 'texts';
  const [first] = input.content;
  return options.version3 && input.content.length === 1 && first?.type === 'image' ? 'images' : 'inputs';
}

function encodeMixed(input: NeutralEmbeddingInput, index: number, options: GroupOptions): JsonObject {
  if (options.version3) throw unsupportedInput(index, 'Embed v3 takes a text or an image, not both; use Embed v4');
  const content = input.content.map((part): JsonValue => {
    switch (part.type) {
      case 'text':
        return { type: 'text', text: part.text };
      case 'image': {
        const url = imageUrl(part.source, index);
        return options.bareImageUrls ? { type: 'image_url', image_url: url } : imagePart(url);
      }
      case 'tokens':
        throw unsupportedInput(index, `${options.api} takes text, not token ids; send the text`);
      case 'opaque':
        if (part.dialect === 'cohere-embeddings') return part.value;
        throw unsupportedInput(index, `only the ${part.dialect} API understands it`);
      default:
        return part satisfies never;
    }
  });
  return { content };
}

function encodeInput(input: NeutralEmbeddingInput, index: number, options: GroupOptions): JsonValue {
  switch (fieldOf(input, options)) {
    case 'texts':
      return inputText(input, index, options.api);
    case 'images': {
      const [part] = input.content;
      return part?.type === 'image' ? imageUrl(part.source, index) : null;
    }
    default:
      return encodeMixed(input, index, options);
  }
}

/** Splits inputs into groups that one request each can hold; joined, they keep the order. */
export function encodeGroups(inputs: readonly NeutralEmbeddingInput[], options: GroupOptions): InputGroup[] {
  const runs: InputGroup[] = [];
  inputs.forEach((input, index) => {
    const field = fieldOf(input, options);
    const value = encodeInput(input, index, options);
    const last = runs.at(-1);
    if (last?.field === field) last.values.push(value);
    else runs.push({ field, values: [value] });
  });
  return runs.flatMap(({ field, values }) =>
    inBatches(values, field === 'images' ? 1 : MAX_INPUTS).map((batch) => ({ field, values: batch })),
  );
}
