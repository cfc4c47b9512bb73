import type { JsonObject } from '../../json/types.ts';
import { translateFamily } from '../family-call.ts';
import type { FamilyDialect, ProviderAnswer } from '../family-dialects.ts';
import { answerContext, encodeContext, onWire } from '../openai/support.test.ts';

/** What the tests of families other than generation share. Holds no tests. */

/** An answer with these headers. */
export function answer(body: JsonObject, headers: Record<string, string> = {}): ProviderAnswer {
  return { body, header: (name) => headers[name] };
}

/** What became of one translated exchange. */
export interface Traffic {
  sent: JsonObject[];
  warnings: string[];
  finish(answers: ProviderAnswer[]): ReturnType<NonNullable<ReturnType<typeof translateFamily>>['finish']>;
}

/** Sends a client's request through a pair of dialects. */
export function exchange(
  client: FamilyDialect,
  provider: FamilyDialect,
  request: { body: JsonObject; model?: string; path?: string },
): Traffic {
  const encode = encodeContext();
  const asked = request.path ?? String(request.body['model']);
  const call = translateFamily(client, provider, {
    body: request.body,
    decode: request.path === undefined ? {} : { model: request.path },
    encode,
    model: request.model ?? asked,
  });
  if (call === undefined) throw new Error(`${client.name} has no translation to ${provider.name}`);
  return {
    sent: onWire(call.bodies),
    warnings: encode.warnings,
    finish: (answers) => onWire(call.finish(answers, answerContext({ requestModel: asked }))),
  };
}
