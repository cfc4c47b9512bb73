import { parseObject } from '../../json/parse-object.ts';
import type { StreamObserver, UsageDialect } from '../dialect.ts';
import type { ProviderError } from '../neutral/response.ts';
import type { Usage } from '../neutral/usage.ts';
import { textOf } from '../openai/fields.ts';
import { readOllamaError } from './errors.ts';
import { readOllamaUsage } from './wire.ts';

/** Watches the lines of an answer: only the last one, and errors, are parsed. */
class LineObserver implements StreamObserver {
  usage: Usage | undefined = undefined;
  model: string | undefined = undefined;
  complete = false;
  error: ProviderError | undefined = undefined;

  frame(_event: string, data: string): void {
    if (/"done":\s*true/.test(data)) {
      const body = parseObject(data);
      // The words may also stand in the arguments of a call.
      if (body?.['done'] !== true) return;
      this.usage = readOllamaUsage(body);
      this.model = textOf(body['model']);
      this.complete = this.error === undefined;
    } else if (data.startsWith('{"error"')) {
      this.error ??= readOllamaError(500, parseObject(data) ?? {});
    }
  }
}

/** Usage of answers that pass through. */
export const ollamaUsage: UsageDialect = {
  fields: ['prompt_eval_count', 'eval_count', 'model'],
  read: (fields) => ({ usage: readOllamaUsage(fields), model: textOf(fields['model']) }),
  createStreamObserver: () => new LineObserver(),
};
