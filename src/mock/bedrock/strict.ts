import { isObject, type JsonObject } from '../../json/types.ts';
import { isSignatureOf } from '../brain/signature.ts';
import type { Call } from '../call.ts';
import { objectOf, objectsOf, stringOf } from '../json-read.ts';
import { Refusal } from '../refusal.ts';

/*
 * What Bedrock's Converse refuses, in its own words as far as they are public
 * (docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference.html, tool-use.html).
 */

const FIELDS = new Set(
  `messages system inferenceConfig toolConfig guardrailConfig additionalModelRequestFields promptVariables
  additionalModelResponseFieldPaths requestMetadata performanceConfig serviceTier outputConfig`.split(/\s+/),
);
const INFERENCE_FIELDS = new Set(['maxTokens', 'temperature', 'topP', 'stopSequences']);
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const IMAGE_FORMATS = new Set(['png', 'jpeg', 'gif', 'webp']);

/** Refuses models that are not served, when a list was given. */
export function checkKnownModel(call: Call, model: string): void {
  if (call.onlyListedModels && !call.models.includes(model)) refuse('The provided model identifier is invalid.');
}

/** Refuses what Converse and ConverseStream would refuse. */
export function checkConverse(call: Call, model: string): void {
  checkKnownModel(call, model);
  const { json } = call;
  refuseUnknown(json, FIELDS, '');
  const inference = objectOf(json['inferenceConfig']);
  refuseUnknown(inference, INFERENCE_FIELDS, 'inferenceConfig.');
  for (const name of ['temperature', 'topP']) {
    const value = inference[name];
    if (typeof value === 'number' && (value < 0 || value > 1)) {
      refuse(
        `1 validation error detected: Value '${value}' at 'inferenceConfig.${name}' failed to satisfy constraint: Member must have value between 0 and 1`,
      );
    }
  }
  const most = inference['maxTokens'];
  if (typeof most === 'number' && most < 1) {
    refuse(
      `1 validation error detected: Value '${most}' at 'inferenceConfig.maxTokens' failed to satisfy constraint: Member must have value greater than or equal to 1`,
    );
  }
  checkTools(json);
  checkTurns(json);
}

function refuse(message: string): never {
  throw new Refusal({ status: 400, message });
}

function refuseUnknown(body: JsonObject, known: ReadonlySet<string>, place: string): void {
  for (const name of Object.keys(body)) {
    if (known.has(name)) continue;
    refuse(
      `Malformed input request: #: extraneous key [${place}${name}] is not permitted, please reformat your input and try again.`,
    );
  }
}

function checkTools(json: JsonObject): void {
  const config = json['toolConfig'];
  const usesTools = JSON.stringify(json['messages'] ?? []).match(/"tool(?:Use|Result)":/) !== null;
  if (config === undefined) {
    if (usesTools) refuse('The toolConfig field must be defined when using toolUse and toolResult content blocks.');
    return;
  }
  const specs = objectsOf(objectOf(config)['tools']).flatMap((tool) =>
    isObject(tool['toolSpec']) ? [tool['toolSpec']] : [],
  );
  if (specs.length === 0) {
    refuse(
      "1 validation error detected: Value '[]' at 'toolConfig.tools' failed to satisfy constraint: Member must have length greater than or equal to 1",
    );
  }
  for (const spec of specs) {
    const name = stringOf(spec['name']);
    if (!TOOL_NAME.test(name)) {
      refuse(
        `1 validation error detected: Value '${name}' at 'toolConfig.tools.1.member.toolSpec.name' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+`,
      );
    }
    if (spec['description'] === '') {
      refuse(
        "1 validation error detected: Value '' at 'toolConfig.tools.1.member.toolSpec.description' failed to satisfy constraint: Member must have length greater than or equal to 1",
      );
    }
    const schema = objectOf(spec['inputSchema'])['json'];
    if (objectOf(schema)['type'] !== 'object') {
      refuse('The value at toolConfig.tools.0.toolSpec.inputSchema.json.type must be one of the following: object.');
    }
  }
}

function checkTurns(json: JsonObject): void {
  const messages = objectsOf(json['messages']);
  if (messages.length === 0) refuse('The messages field must hold at least one message.');
  if (messages[0]?.['role'] !== 'user') {
    refuse(
      'A conversation must start with a user message. Try again with a conversation that starts with a user message.',
    );
  }
  let waiting: string[] = [];
  for (const [index, message] of messages.entries()) {
    if (index > 0 && message['role'] === messages[index - 1]?.['role']) {
      refuse(
        'A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.',
      );
    }
    const blocks = objectsOf(message['content']);
    if (blocks.length === 0) {
      refuse(
        `The content field in the Message object at messages.${index} is empty. Add a ContentBlock object to the content field and try again.`,
      );
    }
    checkBlocks(blocks, index);
    const results = blocks.flatMap((block) =>
      isObject(block['toolResult']) ? [stringOf(block['toolResult']['toolUseId'])] : [],
    );
    const missing = waiting.filter((id) => !results.includes(id));
    if (missing.length > 0) {
      refuse(`Expected toolResult blocks at messages.${index}.content for the following Ids: ${missing.join(', ')}`);
    }
    if (results.some((id) => !waiting.includes(id))) {
      refuse(
        `The number of toolResult blocks at messages.${index}.content exceeds the number of toolUse blocks of previous turn.`,
      );
    }
    waiting = blocks.flatMap((block) => (isObject(block['toolUse']) ? [stringOf(block['toolUse']['toolUseId'])] : []));
  }
  if (waiting.length > 0) {
    refuse(
      `Expected toolResult blocks at messages.${messages.length}.content for the following Ids: ${waiting.join(', ')}`,
    );
  }
}

function checkBlocks(blocks: readonly JsonObject[], index: number): void {
  for (const [position, block] of blocks.entries()) {
    const place = `messages.${index}.content.${position}`;
    if (typeof block['text'] === 'string' && block['text'].trim() === '') {
      refuse(
        `The text field in the ContentBlock object at ${place} is blank. Add text to the text field, and try again.`,
      );
    }
    if (isObject(block['image']) && !IMAGE_FORMATS.has(stringOf(block['image']['format']))) {
      refuse(`The image format at ${place} must be one of png, jpeg, gif and webp.`);
    }
    if (isObject(block['toolUse']) && !isObject(block['toolUse']['input'])) {
      refuse(
        `The format of the value at ${place}.toolUse.input is invalid. Provide a json object for the field and try again.`,
      );
    }
    const thought = objectOf(block['reasoningContent'])['reasoningText'];
    if (isObject(thought) && !isSignatureOf(thought['signature'], stringOf(thought['text']))) {
      refuse(`The model returned the following errors: ${place}: Invalid \`signature\` in \`thinking\` block`);
    }
  }
}
