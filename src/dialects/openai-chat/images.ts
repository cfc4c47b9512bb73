import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { NeutralPart } from '../neutral/request.ts';
import { sourceFromUrl, toDataUri } from '../openai/data-uri.ts';
import { objectOf, textOf } from '../openai/fields.ts';

/**
 * Pictures that a model made, which OpenAI's own API has no field for: gateways and their clients agree on `images`
 * beside the content, in the form of a request's image part (https://openrouter.ai/docs/features/multimodal/image-generation).
 */
type ImagePart = NeutralPart & { type: 'image' };

/** Writes one element of `images`; undefined for a file that only its provider keeps. */
export function encodeAnswerImage({ source }: ImagePart): JsonObject | undefined {
  if (source.kind === 'file') return undefined;
  const url = source.kind === 'url' ? source.url : toDataUri(source.mediaType, source.data);
  return { type: 'image_url', image_url: { url } };
}

/** Reads `images` of a message or delta; undefined where it is none, or not all of it is understood. */
export function readAnswerImages(value: JsonValue | undefined): ImagePart[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const parts: ImagePart[] = [];
  for (const item of value) {
    const url = isObject(item) ? textOf(objectOf(item['image_url'])?.['url']) : undefined;
    if (url === undefined || url === '') return undefined;
    parts.push({ type: 'image', source: sourceFromUrl(url) });
  }
  return parts;
}

/** The fields of a message that are left when its pictures are read. */
export function withoutImages(fields: JsonObject | undefined): JsonObject | undefined {
  if (fields === undefined) return undefined;
  const { images: _, ...rest } = fields;
  return Object.keys(rest).length === 0 ? undefined : rest;
}
