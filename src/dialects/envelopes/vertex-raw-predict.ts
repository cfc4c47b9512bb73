import type { JsonObject } from '../../json/types.ts';

/** The `anthropic_version` of Claude on Vertex AI. */
export const VERTEX_ANTHROPIC_VERSION = 'vertex-2023-10-16';

/**
 * Wraps an Anthropic body for rawPredict and streamRawPredict: the model stands in the path, `stream` stays in the
 * body, the version joins it (Vertex AI, Claude partner models). The version is the cluster's, else the body's own, else
 * the default. Beta flags travel in the `anthropic-beta` header there: see vertexBetaFlags.
 */
export function wrapRequest(body: JsonObject, options: { anthropicVersion?: string | undefined } = {}): JsonObject {
  const { model: _model, ...wrapped } = body;
  wrapped['anthropic_version'] = options.anthropicVersion ?? body['anthropic_version'] ?? VERTEX_ANTHROPIC_VERSION;
  return wrapped;
}
