import { parseObject } from '../../json/parse-object.ts';
import { readCohereUsage } from '../cohere/usage.ts';
import type { StreamObserver, UsageDialect } from '../dialect.ts';
import type { ProviderError } from '../neutral/response.ts';
import type { Usage } from '../neutral/usage.ts';
import { objectOf, textOf } from '../openai/fields.ts';
import { streamError } from './decode-stream.ts';

/** Watches a stream of the chat API: only its last event is parsed. The API names no model. */
class ChatStreamObserver implements StreamObserver {
  usage: Usage | undefined = undefined;
  readonly model: string | undefined = undefined;
  complete = false;
  error: ProviderError | undefined = undefined;

  frame(event: string, data: string): void {
    const last = event === 'message-end' || (event === '' && data.includes('"message-end"'));
    if (!last) return;
    const delta = objectOf(parseObject(data)?.['delta']) ?? {};
    this.usage = readCohereUsage(delta['usage']) ?? this.usage;
    if (delta['finish_reason'] === 'ERROR' || typeof delta['error'] === 'string') {
      this.error ??= streamError(textOf(delta['error']));
    } else {
      this.complete = true;
    }
  }
}

/** Usage of chat answers that pass through. */
export const chatUsage: UsageDialect = {
  fields: ['usage'],
  read: (fields) => ({ usage: readCohereUsage(fields['usage']) }),
  createStreamObserver: () => new ChatStreamObserver(),
  isPreamble: (event, data) => event === 'message-start' || (event === '' && data.includes('"message-start"')),
};
