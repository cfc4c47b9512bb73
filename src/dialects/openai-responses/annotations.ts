import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { NeutralCitation } from '../neutral/citations.ts';
import type { NeutralOrigin } from '../neutral/request.ts';
import { annotationsOf as chatAnnotationsOf, readAnnotation } from '../openai-chat/annotations.ts';
import { RESPONSES } from './wire.ts';

/** Chat completions keep a citation's fields in an object named for its type, this API beside the type. */
function flatten(annotation: JsonValue): JsonObject[] {
  if (!isObject(annotation)) return [];
  const type = annotation['type'];
  const inner = typeof type === 'string' ? annotation[type] : undefined;
  return isObject(inner) ? [{ type, ...inner }] : [];
}

/** The annotations of a text of this length: OpenAI's own as they were, web citations of other APIs over the whole text. */
export function annotationsOf(
  text: { origin?: NeutralOrigin; citations?: NeutralCitation[] },
  length: number,
): JsonValue[] {
  if (text.origin?.dialect === RESPONSES) {
    const own = text.origin.value['annotations'];
    return Array.isArray(own) ? own : [];
  }
  return chatAnnotationsOf(text, { start: 0, length }).flatMap(flatten);
}

/** Reads annotations of this API; those of files name no page. */
export function readAnnotations(annotations: readonly JsonValue[]): NeutralCitation[] {
  return annotations.filter(isObject).map(readAnnotation);
}
