import { parseObject } from '../../json/parse-object.ts';
import type { JsonObject } from '../../json/types.ts';
import type { ObservedAnswer, StreamObserver, UsageDialect } from '../dialect.ts';
import type { ProviderError } from '../neutral/response.ts';
import type { Usage } from '../neutral/usage.ts';
import { objectOf, textOf } from '../openai/fields.ts';
import { readAnthropicError, statusOfErrorType } from './errors.ts';
import { readAnthropicUsage, serviceTierOf } from './token-counts.ts';

/** The `type` of an event whose frame has no name (Bedrock's frames have none); empty when it is not found. */
function typeOf(data: string): string {
  const found = data.indexOf('"type"');
  if (found < 0) return '';
  const start = data.indexOf('"', data.indexOf(':', found + 6) + 1) + 1;
  const end = data.indexOf('"', start);
  return start > 0 && end > start ? data.slice(start, end) : '';
}

/** Watches a stream of messages: only its first and last events are parsed. */
class MessageStreamObserver implements StreamObserver {
  usage: Usage | undefined;
  model: string | undefined;
  complete = false;
  error: ProviderError | undefined;
  serviceTier: string | undefined;

  frame(event: string, data: string): void {
    switch (event === '' ? typeOf(data) : event) {
      case 'message_start': {
        const message = objectOf(parseObject(data)?.['message']);
        this.model = textOf(message?.['model']);
        this.usage = readAnthropicUsage(message?.['usage'], this.usage);
        this.serviceTier = serviceTierOf(message?.['usage']);
        return;
      }
      case 'message_delta':
        this.usage = readAnthropicUsage(parseObject(data)?.['usage'], this.usage);
        return;
      case 'message_stop':
        this.complete = this.error === undefined;
        return;
      case 'error': {
        const body = parseObject(data) ?? {};
        const type = textOf(objectOf(body['error'])?.['type']) ?? '';
        this.error ??= readAnthropicError(statusOfErrorType(type), body);
        return;
      }
      default:
    }
  }
}

function read(fields: JsonObject): ObservedAnswer {
  const { usage } = fields;
  return { usage: readAnthropicUsage(usage), model: textOf(fields['model']), serviceTier: serviceTierOf(usage) };
}

/** Usage of messages that pass through. */
export const anthropicUsage: UsageDialect = {
  fields: ['usage', 'model'],
  read,
  createStreamObserver: () => new MessageStreamObserver(),
  isPreamble(event, data) {
    const type = event === '' ? typeOf(data) : event;
    return type === 'message_start' || type === 'ping';
  },
};
