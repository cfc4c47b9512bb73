import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import type { DialectName } from '../names.ts';
import type { NeutralEmbeddingInput, NeutralEmbeddingsRequest } from '../neutral/embeddings.ts';
import type { NeutralSource } from '../neutral/request.ts';
import { toDataUri } from '../openai/data-uri.ts';

/** The error for an input that an API cannot embed. `index` is its place in the request. */
export function unsupportedInput(index: number, why: string): GatewayError {
  return new GatewayError('unsupported_parameter', `Input ${index} cannot be embedded: ${why}.`, { param: 'input' });
}

/** The text of an input; several texts are lines of one. Throws `unsupported_parameter` for anything but text. */
export function inputText(input: NeutralEmbeddingInput, index: number, api: string): string {
  const texts = input.content.map((part) => {
    if (part.type === 'text') return part.text;
    if (part.type === 'tokens') throw unsupportedInput(index, `${api} takes text, not token ids; send the text`);
    throw unsupportedInput(index, `this model of ${api} takes text only`);
  });
  return texts.join('\n');
}

/** Where an image's bytes are, as a URL. Throws `unsupported_parameter` for files kept by a provider. */
export function imageUrl(source: NeutralSource, index: number): string {
  switch (source.kind) {
    case 'url':
      return source.url;
    case 'base64':
      return toDataUri(source.mediaType, source.data);
    case 'file':
      throw unsupportedInput(index, 'a file id means nothing to another provider; send the bytes of the image');
    default:
      return source satisfies never;
  }
}

/** The lists of inputs that fit into one provider request each, in order. `limit` is at least 1. */
export function inBatches<T>(items: readonly T[], limit: number): T[][] {
  const batches: T[][] = [];
  for (let at = 0; at < items.length; at += limit) batches.push(items.slice(at, at + limit));
  return batches;
}

/**
 * Names the fields of other APIs that `own` cannot express. `handled` are those read elsewhere.
 */
export function warnOfForeignFields(
  request: Pick<NeutralEmbeddingsRequest, 'extensions'>,
  own: DialectName,
  options: { handled?: ReadonlySet<string>; api: string; warn(warning: string): void },
): void {
  for (const [dialect, fields] of Object.entries(request.extensions ?? {})) {
    if (dialect === own) continue;
    for (const field of Object.keys(fields ?? {})) {
      if (options.handled?.has(field) === true) continue;
      options.warn(`The field '${printable(field)}' was left out: ${options.api} has none like it.`);
    }
  }
}

/** A field of this name that any client wrote. */
export function extensionField(
  request: Pick<NeutralEmbeddingsRequest, 'extensions'>,
  name: string,
): JsonObject[string] | undefined {
  for (const fields of Object.values(request.extensions ?? {})) {
    if (isObject(fields) && fields[name] !== undefined) return fields[name];
  }
  return undefined;
}

/** Warnings travel in a header: printable ASCII only. */
function printable(name: string): string {
  return name.slice(0, 64).replace(/[^!-~]/g, '?');
}
