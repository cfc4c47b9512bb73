import { GatewayError } from '../../errors/gateway-error.ts';
import { labelledDocumentText } from '../neutral/document-text.ts';
import type { NeutralMessage, NeutralPart } from '../neutral/request.ts';
import { toDataUri } from '../openai/data-uri.ts';

/** What stands before each turn of a flattened conversation. */
const SPEAKERS: Readonly<Record<NeutralMessage['role'], string>> = {
  system: 'System',
  developer: 'System',
  user: 'User',
  assistant: 'Assistant',
  tool: 'Tool',
};

function unsupported(message: string): GatewayError {
  return new GatewayError('unsupported_parameter', message, { param: 'messages' });
}

/** An image as vision models on TGI read it: markdown without a caption. */
function imageText(part: NeutralPart & { type: 'image' }): string {
  const { source } = part;
  if (source.kind === 'file') throw unsupported('An image given by file id lives at another provider; send its bytes.');
  return `![](${source.kind === 'url' ? source.url : toDataUri(source.mediaType, source.data)})`;
}

function partText(part: NeutralPart, warn: (warning: string) => void): string {
  if (part.cache !== undefined) warn('Prompt cache marks were left out: TGI caches prompts by itself.');
  switch (part.type) {
    case 'text':
    case 'refusal':
      return part.text;
    case 'image':
      return imageText(part);
    case 'document':
      return labelledDocumentText(part, 'TGI');
    case 'audio':
    case 'video':
      throw unsupported(`TGI takes no ${part.type}.`);
    case 'tool-call':
      return `${part.name}(${part.arguments})`;
    case 'tool-result':
      return part.content.map((item) => partText(item, warn)).join('\n');
    case 'reasoning':
      warn('Thoughts were left out: a prompt of TGI has no place for them.');
      return '';
    case 'opaque':
      warn(`A content part that only the ${part.dialect} API knows was left out.`);
      return '';
    default:
      return part satisfies never;
  }
}

function messageText(message: NeutralMessage, warn: (warning: string) => void): string {
  return message.content
    .map((part) => partText(part, warn))
    .filter((text) => text !== '')
    .join('\n');
}

/**
 * One prompt of a conversation, for an API that knows no turns. A single turn of the user is the prompt itself. Others
 * are written one after the other as `Speaker: text` with an empty line between them, and `Assistant:` at the end for
 * the model to go on; an unfinished answer of the assistant stands there as it is. The model's own template is not
 * known, which is warned of.
 */
export function flattenMessages(messages: readonly NeutralMessage[], warn: (warning: string) => void): string {
  const [only] = messages;
  if (messages.length === 1 && only?.role === 'user') return messageText(only, warn);
  warn("The conversation was flattened into one prompt: TGI's generate API knows no turns; use its chat API.");
  const turns = messages.map((message) => `${SPEAKERS[message.role]}: ${messageText(message, warn)}`);
  if (messages.at(-1)?.role !== 'assistant') turns.push('Assistant:');
  return turns.join('\n\n');
}
