import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import type { ProviderResponseContext } from '../dialect.ts';
import type { NeutralPart } from '../neutral/request.ts';
import type { NeutralCandidate, NeutralResponse } from '../neutral/response.ts';
import { decodeBlock, decodeCachePoint } from './decode-content.ts';
import { decodeStopReason } from './finish-reason.ts';
import { decodeUsage } from './usage.ts';
import { asObject, asString, BEDROCK, objectsOf, pick } from './wire.ts';

/** Fields of an answer with no neutral meaning. */
const EXTENSION_FIELDS = ['additionalModelResponseFields', 'trace', 'metrics', 'performanceConfig'];

/**
 * Reads the answer of Converse (API_runtime_Converse). Every content block is kept, in order. The id is the
 * header `x-amzn-requestid`; the model is not named. Throws `provider_bad_response` when there is no message.
 */
export function decodeResponse(body: JsonObject, context: ProviderResponseContext): NeutralResponse {
  const message = asObject(asObject(body['output'])?.['message']);
  if (message === undefined || !Array.isArray(message['content'])) {
    throw new GatewayError('provider_bad_response', 'The Bedrock answer has no output.message.content.');
  }
  const content = objectsOf(message['content'])
    .filter((block) => decodeCachePoint(block) === undefined)
    .map((block): NeutralPart => decodeBlock(block, refuseAnswer));
  const usage = asObject(body['usage']);
  const serviceTier = asString(asObject(body['serviceTier'])?.['type']);
  const extension = pick(body, EXTENSION_FIELDS);
  return {
    id: context.header('x-amzn-requestid') ?? '',
    model: '',
    candidates: [decodeCandidate(body, content)],
    ...(usage === undefined ? {} : { usage: decodeUsage(usage) }),
    ...(serviceTier === undefined ? {} : { serviceTier }),
    ...(Object.keys(extension).length === 0 ? {} : { extensions: { [BEDROCK]: extension } }),
  };
}

function decodeCandidate(body: JsonObject, content: NeutralPart[]): NeutralCandidate {
  const stopReason = asString(body['stopReason']);
  const calledTool = content.some((part) => part.type === 'tool-call');
  const stopSequence = decodeStopSequence(body['additionalModelResponseFields']);
  return {
    index: 0,
    content,
    ...decodeStopReason(stopReason, calledTool),
    ...(stopSequence === undefined ? {} : { stopSequence }),
  };
}

/** Claude names its stop sequence when asked for `/stop_sequence` by `additionalModelResponseFieldPaths`. */
export function decodeStopSequence(additional: JsonObject[string]): string | undefined {
  return asString(asObject(additional)?.['stop_sequence']);
}

function refuseAnswer(path: string): never {
  throw new GatewayError('provider_bad_response', `The Bedrock answer holds a content block without ${path}.`);
}
