import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import type { EncodeContext } from '../dialect.ts';
import { extensionField, warnOfForeignFields } from '../embeddings/inputs.ts';
import type { NeutralEmbeddingsRequest } from '../neutral/embeddings.ts';
import { encodeGroups, type InputGroup } from './encode-groups.ts';
import { toInputType } from './wire.ts';

/** What stands in where the client does not say what its vectors are for: the API demands a word. */
const DEFAULT_INPUT_TYPE = 'search_document';

/** Clients of other APIs may name Cohere's word themselves. */
const HANDLED_FIELDS: ReadonlySet<string> = new Set(['input_type']);

function inputTypeOf(request: NeutralEmbeddingsRequest, warn: (warning: string) => void): string {
  const named = extensionField(request, 'input_type');
  if (typeof named === 'string' && named !== '') return named;
  const tasks = new Set(request.inputs.map((input) => input.task ?? request.task));
  if (tasks.size > 1) {
    throw new GatewayError(
      'unsupported_parameter',
      'Cohere embeds for one task at a time; send inputs of different tasks in requests of their own.',
      { param: 'input' },
    );
  }
  const [task] = tasks;
  const type = task === undefined ? undefined : toInputType(task);
  if (type !== undefined) return type;
  warn(
    task === undefined
      ? `input_type was sent as ${DEFAULT_INPUT_TYPE}; name a task_type to choose another.`
      : `The task ${task.replace(/[^!-~]/g, '?').slice(0, 64)} was sent as ${DEFAULT_INPUT_TYPE}: Cohere has none like it.`,
  );
  return DEFAULT_INPUT_TYPE;
}

function encodeBody(group: InputGroup, request: NeutralEmbeddingsRequest, inputType: string): JsonObject {
  const body: JsonObject = {
    [group.field]: group.values,
    // v3 models want images to be named as such.
    input_type: group.field === 'images' ? 'image' : inputType,
    embedding_types: [...request.encodings],
  };
  if (request.dimensions !== undefined) body['output_dimension'] = request.dimensions;
  if (request.truncate !== undefined) body['truncate'] = request.truncate.toUpperCase();
  return body;
}

/**
 * Writes embed bodies without the model: texts and mixed inputs in batches of 96, images of v3 models one by one.
 * `bareImageUrls` is Bedrock's way. Source: https://docs.cohere.com/reference/embed.
 */
export function encodeEmbedBodies(
  request: NeutralEmbeddingsRequest,
  context: EncodeContext,
  options: { api: string; bareImageUrls: boolean },
): JsonObject[] {
  const { warn } = context;
  const version3 = /embed-[a-z-]*v3/.test(request.model);
  const inputType = inputTypeOf(request, warn);
  if (request.title !== undefined || request.inputs.some((input) => input.title !== undefined)) {
    warn(`Titles were left out: ${options.api} has none.`);
  }
  if (request.user !== undefined) warn(`The user id was left out: ${options.api} has none.`);
  warnOfForeignFields(request, 'cohere-embeddings', { api: options.api, handled: HANDLED_FIELDS, warn });
  return encodeGroups(request.inputs, { ...options, version3 }).map((group) => ({
    ...request.extensions?.['cohere-embeddings'],
    ...encodeBody(group, request, inputType),
  }));
}

/** Writes requests for `POST /v2/embed`. */
export function encodeRequests(request: NeutralEmbeddingsRequest, context: EncodeContext): JsonObject[] {
  const bodies = encodeEmbedBodies(request, context, { api: 'Cohere', bareImageUrls: false });
  return bodies.map((body) => ({ model: request.model, ...body }));
}
