import { isObject, type JsonValue } from '../../json/types.ts';
import { type Call, jsonReply, type Reply } from '../call.ts';
import { listOf, objectOf, stringOf } from '../json-read.ts';

/** Words that make the mock flag a text, by category; plain enough to be used on purpose. */
const TRIGGERS: Readonly<Record<string, RegExp | null>> = {
  harassment: /\bharass/i,
  'harassment/threatening': null,
  sexual: /\bsexual/i,
  'sexual/minors': null,
  hate: /\bhate\b/i,
  'hate/threatening': null,
  illicit: /\billicit/i,
  'illicit/violent': null,
  'self-harm': /\bself-harm/i,
  'self-harm/intent': null,
  'self-harm/instructions': null,
  violence: /\b(?:kill|violence)\b/i,
  'violence/graphic': null,
};

/** `POST /moderations`: one result for each text; a list of parts (text, images) is one input. */
export function moderate(call: Call): Reply {
  const input = call.json['input'];
  const texts = textsOf(input);
  return jsonReply({
    id: call.newId('modr-', 32),
    model: stringOf(call.json['model']) || 'omni-moderation-latest',
    results: texts.map(verdict),
  });
}

function textsOf(input: JsonValue | undefined): string[] {
  if (typeof input === 'string') return [input];
  const list = listOf(input);
  if (list.some(isObject)) return [list.map((part) => stringOf(objectOf(part)['text'])).join('\n')];
  return list.map(stringOf);
}

function verdict(text: string): JsonValue {
  const categories: Record<string, boolean> = {};
  const scores: Record<string, number> = {};
  const applied: Record<string, JsonValue> = {};
  for (const [category, trigger] of Object.entries(TRIGGERS)) {
    const hit = trigger?.test(text) === true;
    categories[category] = hit;
    scores[category] = hit ? 0.98 : 0.0001;
    applied[category] = hit ? ['text'] : [];
  }
  return {
    flagged: Object.values(categories).includes(true),
    categories,
    category_scores: scores,
    category_applied_input_types: applied,
  };
}
