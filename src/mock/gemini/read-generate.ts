import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import { type Ask, addMedia, addText, addTool, addToolResult, createAsk, startTurn } from '../brain/ask.ts';
import { numberOf, objectOf, objectsOf, stringOf, stringsOf } from '../json-read.ts';

/**
 * What a generateContent body asks (ai.google.dev/api/generate-content). Fields may come in camel
 * or snake case, as in every JSON form of a protobuf message.
 */
export function readGenerate(body: JsonObject, model: string): Ask {
  const ask = createAsk(model);
  for (const part of partsOf(pick(body, 'systemInstruction'))) addText(ask, stringOf(part['text']));
  const contents = body['contents'];
  for (const content of isObject(contents) ? [contents] : objectsOf(contents)) readContent(ask, content);
  for (const tool of objectsOf(body['tools'])) {
    for (const fn of objectsOf(pick(tool, 'functionDeclarations'))) {
      addTool(ask, stringOf(fn['name']), pick(fn, 'parametersJsonSchema') ?? fn['parameters']);
    }
  }
  readCallingConfig(ask, objectOf(pick(objectOf(pick(body, 'toolConfig')), 'functionCallingConfig')));
  const config = objectOf(pick(body, 'generationConfig'));
  const most = numberOf(pick(config, 'maxOutputTokens'));
  if (most !== undefined) ask.maxTokens = most;
  ask.stop = stringsOf(pick(config, 'stopSequences'));
  ask.candidates = Math.min(Math.max(numberOf(pick(config, 'candidateCount')) ?? 1, 1), 8);
  const schema = pick(config, 'responseJsonSchema') ?? pick(config, 'responseSchema');
  if (isObject(schema)) ask.format = { type: 'json-schema', schema };
  else if (pick(config, 'responseMimeType') === 'application/json') ask.format = { type: 'json' };
  const thinking = objectOf(pick(config, 'thinkingConfig'));
  const budget = numberOf(pick(thinking, 'thinkingBudget'));
  ask.reasoning =
    budget === undefined ? pick(thinking, 'includeThoughts') === true || thinkingLevel(thinking) !== '' : budget !== 0;
  return ask;
}

/** Whether thoughts are wanted as text. */
export function wantsThoughts(body: JsonObject): boolean {
  const config = objectOf(pick(body, 'generationConfig'));
  return pick(objectOf(pick(config, 'thinkingConfig')), 'includeThoughts') === true;
}

/** The field in camel case or, failing that, in snake case. */
export function pick(body: JsonObject, name: string): JsonValue | undefined {
  return body[name] ?? body[snakeCase(name)];
}

/** `functionCall` → `function_call`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The parts of a content object. */
export function partsOf(content: JsonValue | undefined): JsonObject[] {
  const parts = objectOf(content)['parts'];
  return isObject(parts) ? [parts] : objectsOf(parts);
}

function thinkingLevel(thinking: JsonObject): string {
  const level = stringOf(pick(thinking, 'thinkingLevel')).toLowerCase();
  return level === 'minimal' ? '' : level;
}

function readContent(ask: Ask, content: JsonObject): void {
  const parts = partsOf(content);
  const isUser = content['role'] !== 'model';
  const hasResults = parts.some((part) => pick(part, 'functionResponse') !== undefined);
  if (isUser) startTurn(ask, hasResults ? 'tool' : 'user');
  const role = isUser ? 'user' : 'other';
  for (const part of parts) {
    if (part['text'] !== undefined) addText(ask, stringOf(part['text']), role);
    const media = pick(part, 'inlineData') ?? pick(part, 'fileData');
    if (isObject(media)) addMedia(ask, mediaKind(stringOf(pick(media, 'mimeType'))), role);
    const call = pick(part, 'functionCall');
    if (isObject(call)) addText(ask, stringOf(call['name']) + JSON.stringify(call['args'] ?? {}));
    const result = pick(part, 'functionResponse');
    if (isObject(result)) addToolResult(ask, stringOf(result['name']), JSON.stringify(result['response'] ?? {}));
  }
}

function mediaKind(mimeType: string): string {
  const kind = mimeType.split('/')[0] ?? '';
  if (kind === 'image' || kind === 'video') return kind;
  return kind === 'audio' ? 'sound' : 'document';
}

function readCallingConfig(ask: Ask, config: JsonObject): void {
  const mode = stringOf(config['mode']).toUpperCase();
  if (mode === 'NONE') ask.toolChoice = { type: 'none' };
  if (mode !== 'ANY') return;
  const allowed = stringsOf(pick(config, 'allowedFunctionNames'));
  const only = allowed.length === 1 ? allowed[0] : undefined;
  if (allowed.length > 0) ask.tools = ask.tools.filter((tool) => allowed.includes(tool.name));
  ask.toolChoice = only === undefined ? { type: 'required' } : { type: 'tool', name: only };
}
