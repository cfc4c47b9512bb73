import type { NeutralMessage, NeutralPart, NeutralRequest } from '../../../src/dialects/neutral/request.ts';
import type { Holds } from './neutral-requests.ts';

type Item = Record<string, unknown>;

/** What a request means: ids by the place of their calls, and neighbours of one kind joined. */
export interface Essence {
  system: string;
  items: Item[];
  tools: Item[];
  settings: Item;
}

function resultText(part: NeutralPart & { type: 'tool-result' }): string {
  return part.content.map((inner) => (inner.type === 'text' ? inner.text : `<${inner.type}>`)).join('');
}

function itemsOf(messages: readonly NeutralMessage[]): Item[] {
  const places = new Map<string, number>();
  const items: Item[] = [];
  for (const { role, content } of messages) {
    if (role === 'system' || role === 'developer') continue;
    for (const part of content) {
      switch (part.type) {
        case 'text':
          items.push({ says: role === 'tool' ? 'user' : role, text: part.text });
          break;
        case 'image':
          items.push({ shows: part.source });
          break;
        case 'tool-call':
          places.set(part.id, places.size);
          items.push({ calls: part.name, with: JSON.parse(part.arguments) });
          break;
        case 'tool-result':
          items.push({ answers: places.get(part.callId), name: part.name, text: resultText(part) });
          break;
        default:
          items.push({ type: part.type });
      }
    }
  }
  return items;
}

/** Reads what a request means, as far as an API with these places can hold it. */
export function essenceOf(request: NeutralRequest, holds: Holds): Essence {
  const settings: Item = {};
  for (const name of holds.settings) if (request[name] !== undefined) settings[name] = request[name];
  const system = request.messages
    .filter(({ role }) => role === 'system' || role === 'developer')
    .flatMap(({ content }) => content)
    .map((part) => (part.type === 'text' ? part.text : `<${part.type}>`))
    .join('');
  const tools = request.tools.map((tool) =>
    tool.type === 'function'
      ? { name: tool.name, description: tool.description, parameters: tool.parameters }
      : { name: tool.name },
  );
  return { system, items: itemsOf(request.messages), tools, settings };
}
