import { isObject, type JsonValue } from '../../json/types.ts';
import type { DialectName } from '../names.ts';
import type { NeutralRequest } from '../neutral/request.ts';

/** What the neutral request holds of a field: all of it, or of its parts these. */
type Held = true | { readonly [part: string]: Held };

/** Fields of an API that are made of fields: their parts are lost or held each by itself. */
const CONTAINERS: Partial<Record<DialectName, Readonly<Record<string, Held>>>> = {
  'openai-responses': { text: {} },
  gemini: { generationConfig: {}, toolConfig: {} },
  'ollama-chat': { options: {} },
  tgi: { body: {} },
  'bedrock-converse': {
    inferenceConfig: {},
    outputConfig: { textFormat: true, effort: true },
    additionalModelRequestFields: {
      thinking: { type: true, budget_tokens: true },
      reasoning_config: { type: true, budget_tokens: true },
      reasoningConfig: { type: true, maxReasoningEffort: true },
      output_config: { effort: true },
      reasoning_effort: true,
      reasoning: { effort: true },
      inferenceConfig: { topK: true },
      tool_choice: { type: true, name: true, disable_parallel_tool_use: true },
      top_k: true,
      k: true,
    },
  },
};

function lostPaths(path: string, value: JsonValue | undefined, held: Held | undefined): string[] {
  if (held === undefined) return [path];
  // A short form of a field that is known to be read.
  if (held === true || !isObject(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    lostPaths(`${path}.${name}`, inner, Object.hasOwn(held, name) ? held[name] : undefined),
  );
}

/**
 * Names what of an extension's field has no neutral meaning: the field, or paths of its parts such as
 * `outputConfig.other`; empty when the neutral request holds all of it.
 */
export function lostParts(dialect: string, field: string, value: JsonValue | undefined): string[] {
  const containers = CONTAINERS[dialect as DialectName];
  const held = containers !== undefined && Object.hasOwn(containers, field) ? containers[field] : undefined;
  return lostPaths(field, value, held);
}

/**
 * What other APIs than `own` wrote and has no neutral meaning: what a translation to `own` loses. `field` is the name
 * of the top-level field, `path` that of the part that is lost.
 */
export function foreignExtensions(
  request: NeutralRequest,
  own: DialectName,
): { dialect: string; field: string; path: string }[] {
  const found: { dialect: string; field: string; path: string }[] = [];
  const { extensions } = request;
  if (extensions === undefined) return found;
  for (const dialect of Object.keys(extensions) as DialectName[]) {
    const fields = dialect === own ? undefined : extensions[dialect];
    if (fields === undefined) continue;
    for (const field of Object.keys(fields)) {
      for (const path of lostParts(dialect, field, fields[field])) found.push({ dialect, field, path });
    }
  }
  return found;
}
