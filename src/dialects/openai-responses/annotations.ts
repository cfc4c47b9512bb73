import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { NeutralOrigin } from '../neutral/request.ts';
import { annotationsOf as chatAnnotationsOf } from '../openai-chat/annotations.ts';
import { RESPONSES } from './wire.ts';

/** Chat completions keep a citation's fields in an object named for its type, this API beside the type. */
function flatten(annotation: JsonValue): JsonObject[] {
  if (!isObject(annotation)) return [];
  const type = annotation['type'];
  const inner = typeof type === 'string' ? annotation[type] : undefined;
  return isObject(inner) ? [{ type, ...inner }] : [];
}

/** The annotations of a text of this length: OpenAI's own as they were, web citations of other APIs over the whole text. */
export function annotationsOf(origin: NeutralOrigin | undefined, length: number): JsonValue[] {
  if (origin?.dialect === RESPONSES) {
    const own = origin.value['annotations'];
    return Array.isArray(own) ? own : [];
  }
  return chatAnnotationsOf(origin, { start: 0, length }).flatMap(flatten);
}
