import type { JsonObject } from '../../json/types.ts';
import { isSignatureOf } from '../brain/signature.ts';
import { objectOf, objectsOf, stringOf } from '../json-read.ts';
import { Refusal } from '../refusal.ts';

/*
 * What the messages API refuses, in its own words as far as they are public
 * (docs.anthropic.com/en/api/messages, /en/api/errors, /en/docs/build-with-claude/extended-thinking).
 * Consecutive turns of one role are no error there: they are merged.
 */

const COUNT_FIELDS =
  `messages model cache_control context_management mcp_servers output_config output_format speed system
  thinking tool_choice tools user_profile_id workspace_id`.split(/\s+/);
const FIELDS = new Set([
  ...COUNT_FIELDS,
  ...`billing_policy compaction container diagnostics fallbacks inference_geo max_tokens metadata service_tier
  stop_sequences stream temperature thread top_k top_p`.split(/\s+/),
]);
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,128}$/;
const LEAST_THINKING_BUDGET = 1024;

/** What a wrapping of the API changes: Bedrock and Vertex carry the model in the path. */
export interface MessageRules {
  /** Top-level fields beside Anthropic's own. */
  extraFields?: readonly string[];
  /** Fields of Anthropic's own that must not be there. */
  forbiddenFields?: readonly string[];
}

/** Refuses what `POST /messages` would refuse. */
export function checkMessages(body: JsonObject, rules: MessageRules = {}): void {
  const forbidden = rules.forbiddenFields ?? [];
  for (const name of Object.keys(body)) {
    const known = FIELDS.has(name) && !forbidden.includes(name);
    if (!known && rules.extraFields?.includes(name) !== true) refuse(`${name}: Extra inputs are not permitted`);
  }
  if (!forbidden.includes('model') && stringOf(body['model']) === '') refuse('model: Field required');
  const most = body['max_tokens'];
  if (most === undefined) refuse('max_tokens: Field required');
  if (typeof most !== 'number' || most < 1) refuse('max_tokens: Input should be greater than or equal to 1');
  checkRange(body, 'temperature');
  checkRange(body, 'top_p');
  checkThinking(body, most);
  checkTools(body);
  checkConversation(body);
}

/** Refuses what `POST /messages/count_tokens` would refuse. */
export function checkCountTokens(body: JsonObject): void {
  for (const name of Object.keys(body)) {
    if (!COUNT_FIELDS.includes(name)) refuse(`${name}: Extra inputs are not permitted`);
  }
  if (stringOf(body['model']) === '') refuse('model: Field required');
  checkTools(body);
  checkConversation(body);
}

function refuse(message: string): never {
  throw new Refusal({ status: 400, message });
}

function checkRange(body: JsonObject, name: string): void {
  const value = body[name];
  if (value === undefined) return;
  if (typeof value !== 'number') refuse(`${name}: Input should be a valid number`);
  if (value < 0 || value > 1) refuse(`${name}: range: 0..1`);
}

function checkThinking(body: JsonObject, maxTokens: number): void {
  const thinking = objectOf(body['thinking']);
  const on = thinking['type'] === 'enabled' || thinking['type'] === 'adaptive';
  if (thinking['type'] === 'enabled') {
    const budget = thinking['budget_tokens'];
    if (typeof budget !== 'number') refuse('thinking.enabled.budget_tokens: Field required');
    if (budget < LEAST_THINKING_BUDGET) {
      refuse(`thinking.enabled.budget_tokens: Input should be greater than or equal to ${LEAST_THINKING_BUDGET}`);
    }
    if (maxTokens <= budget) refuse('`max_tokens` must be greater than `thinking.budget_tokens`.');
  }
  if (!on) return;
  if (body['temperature'] !== undefined && body['temperature'] !== 1) {
    refuse('`temperature` may only be set to 1 when thinking is enabled.');
  }
  if (body['top_k'] !== undefined) refuse('`top_k` must be unset when thinking is enabled.');
  const choice = objectOf(body['tool_choice'])['type'];
  if (choice === 'any' || choice === 'tool') refuse('Thinking may not be enabled when tool_choice forces tool use.');
}

function checkTools(body: JsonObject): void {
  const tools = objectsOf(body['tools']);
  for (const [index, tool] of tools.entries()) {
    if (tool['type'] !== undefined && tool['type'] !== 'custom') continue;
    if (!TOOL_NAME.test(stringOf(tool['name']))) {
      refuse(`tools.${index}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'`);
    }
    const schema = tool['input_schema'];
    if (schema === undefined) refuse(`tools.${index}.custom.input_schema: Field required`);
    if (objectOf(schema)['type'] !== 'object')
      refuse(`tools.${index}.custom.input_schema.type: Input should be 'object'`);
  }
  if (tools.length === 0 && body['tool_choice'] !== undefined && objectOf(body['tool_choice'])['type'] !== 'none') {
    refuse('tool_choice may only be specified while providing tools.');
  }
}

function checkConversation(body: JsonObject): void {
  const messages = merged(objectsOf(body['messages']));
  if (messages.length === 0) refuse('messages: at least one message is required');
  let waiting: string[] = [];
  for (const [index, { role, blocks }] of messages.entries()) {
    if (role !== 'user' && role !== 'assistant' && role !== 'system') {
      refuse(`messages: Unexpected role "${role}". Allowed roles are "user" or "assistant".`);
    }
    const isLastAssistant = index === messages.length - 1 && role === 'assistant';
    if (blocks.length === 0 && !isLastAssistant) {
      refuse(
        `messages.${index}: all messages must have non-empty content except for the optional final assistant message`,
      );
    }
    checkBlocks(blocks, index);
    const results = blocks
      .filter((block) => block['type'] === 'tool_result')
      .map((block) => stringOf(block['tool_use_id']));
    const missing = waiting.filter((id) => !results.includes(id));
    if (missing.length > 0) {
      refuse(
        `messages.${index - 1}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
      );
    }
    const stray = results.find((id) => !waiting.includes(id));
    if (stray !== undefined) {
      refuse(
        `messages.${index}.content: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${stray}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
      );
    }
    waiting = blocks.filter((block) => block['type'] === 'tool_use').map((block) => stringOf(block['id']));
  }
  if (waiting.length > 0) {
    refuse(
      `messages.${messages.length - 1}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${waiting.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
    );
  }
  const thinks = objectOf(body['thinking'])['type'] === 'enabled';
  if (thinks) checkThoughtFirst(messages);
}

/** While thinking is on, the turn that called the tools being answered must begin with its thoughts. */
function checkThoughtFirst(messages: readonly Turn[]): void {
  const last = messages.at(-1);
  const caller = messages.at(-2);
  if (caller?.role !== 'assistant' || last?.blocks.some((block) => block['type'] === 'tool_result') !== true) return;
  const first = stringOf(caller.blocks[0]?.['type']);
  if (first === 'thinking' || first === 'redacted_thinking') return;
  refuse(
    `messages.${messages.length - 2}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${first}\`. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block.`,
  );
}

function checkBlocks(blocks: readonly JsonObject[], index: number): void {
  for (const [position, block] of blocks.entries()) {
    if (block['type'] === 'text' && stringOf(block['text']) === '') {
      refuse('messages: text content blocks must be non-empty');
    }
    // Omitted thinking comes back with empty text: only the signature's own text could be checked then.
    if (block['type'] !== 'thinking' || block['thinking'] === '') continue;
    if (!isSignatureOf(block['signature'], stringOf(block['thinking']))) {
      refuse(`messages.${index}.content.${position}: Invalid \`signature\` in \`thinking\` block`);
    }
  }
}

interface Turn {
  role: string;
  blocks: JsonObject[];
}

function merged(messages: readonly JsonObject[]): Turn[] {
  const turns: Turn[] = [];
  for (const message of messages) {
    const role = stringOf(message['role']);
    const content = message['content'];
    const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : objectsOf(content);
    const last = turns.at(-1);
    if (last?.role === role) last.blocks.push(...blocks);
    else turns.push({ role, blocks: [...blocks] });
  }
  return turns;
}
