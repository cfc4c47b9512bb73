import { isObject, type JsonObject } from '../../json/types.ts';

/**
 * The arguments of a tool call as an object, for APIs that want one. No text means no arguments.
 * Text that is no JSON object (a call cut short, or a model's slip) stays whole under `arguments`.
 */
export function parseToolArguments(text: string): { input: JsonObject; whole: boolean } {
  if (text.trim() === '') return { input: {}, whole: true };
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return { input: value, whole: true };
  } catch {
    // Kept as text below: losing the turn would wedge the conversation.
  }
  return { input: { arguments: text }, whole: false };
}
