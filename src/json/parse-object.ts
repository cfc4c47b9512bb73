import { isObject, type JsonObject } from './types.ts';

/** The JSON object that a text is; undefined when it is not JSON or another value. Who reads the text decides what that means. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
