import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { DialectName } from '../names.ts';
import type { NeutralOrigin } from '../neutral/request.ts';
import { packForeignToken, unpackOwnToken } from './reasoning-token.ts';
import { RESPONSES } from './wire.ts';

/** How far an item is. */
export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

/** A message of the model. */
export function messageItem(id: string, status: ItemStatus, content: JsonObject[]): JsonObject {
  return { id, type: 'message', status, role: 'assistant', content };
}

/** A text in a message. */
export function outputText(text: string, annotations: JsonValue[], logprobs: JsonValue[]): JsonObject {
  return { type: 'output_text', text, annotations, logprobs };
}

/** A thought; `encrypted` is what comes back with it in the next request. */
export function reasoningItem(id: string, text: string, encrypted: string | undefined): JsonObject {
  const item: JsonObject = { id, type: 'reasoning', summary: text === '' ? [] : [{ type: 'summary_text', text }] };
  if (encrypted !== undefined) item['encrypted_content'] = encrypted;
  return item;
}

/** A call of a function, or of a tool that takes free text. */
export function callItem(
  id: string,
  call: { callId: string; name: string; text: string; custom: boolean },
  status: ItemStatus,
): JsonObject {
  const { callId, name, text } = call;
  if (call.custom) return { id, type: 'custom_tool_call', status, call_id: callId, name, input: text };
  return { id, type: 'function_call', status, call_id: callId, name, arguments: text };
}

/** The tokens of a finished thought. */
interface Tokens {
  signature?: string;
  encrypted?: string;
  origin?: NeutralOrigin;
}

/** The `encrypted_content` that carries a thought's tokens: OpenAI's own as it was, another provider's packed. */
export function encryptedContentOf(thought: Tokens, provider: DialectName | undefined): string | undefined {
  const own = thought.origin?.dialect === RESPONSES ? thought.origin.value['encrypted_content'] : undefined;
  if (typeof own === 'string') return own;
  const { signature, encrypted } = thought;
  // OpenAI would look for the id of a thought without a token among its own: the mark keeps it from getting there.
  if (signature === undefined && encrypted === undefined && (provider === undefined || provider === RESPONSES)) {
    return undefined;
  }
  const kept = encrypted === undefined ? undefined : unpackOwnToken(encrypted);
  if (kept !== undefined) return kept.encryptedContent;
  return packForeignToken({
    ...(provider === undefined ? {} : { dialect: provider }),
    ...(signature === undefined ? {} : { signature }),
    ...(encrypted === undefined ? {} : { encrypted }),
  });
}

/** The `encrypted_content` of the item before a signed call: function calls have no place for a signature. */
export function callSignatureContent(signature: string, provider: DialectName | undefined): string {
  return packForeignToken({ ...(provider === undefined ? {} : { dialect: provider }), callSignature: signature });
}
