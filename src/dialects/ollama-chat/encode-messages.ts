import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import { labelledDocumentText } from '../neutral/document-text.ts';
import type { NeutralMessage, NeutralPart } from '../neutral/request.ts';
import { parseDataUri } from '../openai/data-uri.ts';
import { parseToolArguments } from '../openai/tool-arguments.ts';

type Warn = (warning: string) => void;

/** What the parts of one message come to. */
interface Content {
  texts: string[];
  images: string[];
  thoughts: string[];
  calls: JsonObject[];
  fields: JsonObject;
}

function unsupported(message: string): GatewayError {
  return new GatewayError('unsupported_parameter', message, { param: 'messages' });
}

function imageBytes(part: NeutralPart & { type: 'image' }): string {
  const { source } = part;
  if (source.kind === 'base64') return source.data;
  const inline = source.kind === 'url' ? parseDataUri(source.url) : undefined;
  if (inline !== undefined) return inline.data;
  throw unsupported('Ollama takes images as bytes, not by URL or file id; send the image in base64.');
}

/** A thought goes back only where a server without signatures may have made it. */
function addThought(part: NeutralPart & { type: 'reasoning' }, content: Content, warn: Warn): void {
  if (part.signature === undefined && part.encrypted === undefined && part.origin === undefined) {
    if (part.text !== '') content.thoughts.push(part.text);
    return;
  }
  warn('Thoughts of another provider were left out: Ollama cannot read them.');
}

function addCall(part: NeutralPart & { type: 'tool-call' }, content: Content, warn: Warn): void {
  const { input, whole } = parseToolArguments(part.arguments);
  if (!whole) warn('Arguments of a tool call that are no JSON object were sent as a text field of one.');
  content.calls.push({ id: part.id, type: 'function', function: { name: part.name, arguments: input } });
}

function addPart(part: NeutralPart, content: Content, warn: Warn): void {
  if (part.cache !== undefined) warn('Prompt cache marks were left out: Ollama caches prompts by itself.');
  switch (part.type) {
    case 'text':
    case 'refusal':
      content.texts.push(part.text);
      return;
    case 'image':
      content.images.push(imageBytes(part));
      return;
    case 'document':
      content.texts.push(labelledDocumentText(part, 'Ollama'));
      return;
    case 'audio':
    case 'video':
      throw unsupported(`Ollama takes no ${part.type}.`);
    case 'reasoning':
      addThought(part, content, warn);
      return;
    case 'tool-call':
      addCall(part, content, warn);
      return;
    case 'tool-result':
      // A message of its own.
      return;
    case 'opaque':
      if (part.dialect === 'ollama-chat' && isObject(part.value) && isObject(part.value['message_fields'])) {
        Object.assign(content.fields, part.value['message_fields']);
        return;
      }
      warn(`A content part that only the ${part.dialect} API knows was left out.`);
      return;
    default:
      part satisfies never;
  }
}

function collect(parts: readonly NeutralPart[], warn: Warn): Content {
  const content: Content = { texts: [], images: [], thoughts: [], calls: [], fields: {} };
  for (const part of parts) addPart(part, content, warn);
  return content;
}

function writeMessage(role: string, content: Content, extra: JsonObject = {}): JsonObject {
  const message: JsonObject = { ...content.fields, role, content: content.texts.join('\n'), ...extra };
  if (content.thoughts.length > 0) message['thinking'] = content.thoughts.join('\n');
  if (content.images.length > 0) message['images'] = content.images;
  if (content.calls.length > 0) message['tool_calls'] = content.calls;
  return message;
}

function encodeResult(part: NeutralPart & { type: 'tool-result' }, warn: Warn): JsonObject {
  if (part.isError === true) {
    warn('The error flag of a tool result was left out: Ollama has none; its text says what failed.');
  }
  const extra: JsonObject = { tool_call_id: part.callId };
  if (part.name !== undefined) extra['tool_name'] = part.name;
  return writeMessage('tool', collect(part.content, warn), extra);
}

/** Writes `messages`. A message has one text: several are its lines. */
export function encodeMessages(messages: readonly NeutralMessage[], warn: Warn): JsonObject[] {
  return messages.flatMap((message) => {
    if (message.name !== undefined) warn("Participants' names were left out: Ollama has none.");
    const results = message.content.filter((part) => part.type === 'tool-result');
    const written = results.map((part) => encodeResult(part, warn));
    const others = message.content.filter((part) => part.type !== 'tool-result');
    if (message.role === 'tool') {
      const [first] = written;
      if (first !== undefined) Object.assign(first, collect(others, warn).fields);
      return written;
    }
    if (others.length === 0 && results.length > 0) return written;
    const role = message.role === 'developer' ? 'system' : message.role;
    return [...written, writeMessage(role, collect(others, warn))];
  });
}
