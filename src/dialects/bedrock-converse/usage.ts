import { parseObject } from '../../json/parse-object.ts';
import type { JsonObject } from '../../json/types.ts';
import type { StreamObserver, UsageDialect } from '../dialect.ts';
import type { ProviderError } from '../neutral/response.ts';
import { emptyUsage, inputTotal, type Usage, usageTotal } from '../neutral/usage.ts';
import { decodeStreamException, isExceptionEvent } from './errors.ts';
import { asNumber, asObject, asString, objectsOf } from './wire.ts';

/**
 * Reads `usage` (API_runtime_TokenUsage). `inputTokens` counts what no cache served or stored; `cacheDetails`
 * splits `cacheWriteInputTokens` by lifetime. Bedrock does not tell reasoning tokens from other output.
 */
export function decodeUsage(usage: JsonObject): Usage {
  const written = count(usage, 'cacheWriteInputTokens');
  let written1h = 0;
  for (const detail of objectsOf(usage['cacheDetails'])) {
    if (detail['ttl'] === '1h') written1h += count(detail, 'inputTokens');
  }
  const decoded: Usage = {
    ...emptyUsage(),
    input: count(usage, 'inputTokens'),
    cacheRead: count(usage, 'cacheReadInputTokens'),
    cacheWrite: Math.max(0, written - written1h),
    cacheWrite1h: written1h,
    output: count(usage, 'outputTokens'),
  };
  const total = asNumber(usage['totalTokens']);
  if (total !== undefined && total !== inputTotal(decoded) + decoded.output) decoded.reportedTotal = total;
  return decoded;
}

/** Writes `usage`; zeros when the provider reported none, for AWS SDKs take the field as given. */
export function encodeUsage(usage: Usage | undefined): JsonObject {
  const counted = usage ?? emptyUsage();
  const encoded: JsonObject = {
    inputTokens: counted.input,
    outputTokens: counted.output,
    totalTokens: usageTotal(counted),
    cacheReadInputTokens: counted.cacheRead,
    cacheWriteInputTokens: counted.cacheWrite + counted.cacheWrite1h,
  };
  if (counted.cacheWrite1h > 0) {
    const details = [{ ttl: '1h', inputTokens: counted.cacheWrite1h }];
    if (counted.cacheWrite > 0) details.push({ ttl: '5m', inputTokens: counted.cacheWrite });
    encoded['cacheDetails'] = details;
  }
  return encoded;
}

function count(object: JsonObject, name: string): number {
  const value = asNumber(object[name]);
  return value !== undefined && value > 0 ? value : 0;
}

/**
 * Reads usage of Converse answers that pass through. Converse names no model. A stream is whole with
 * `messageStop`; its usage follows in `metadata`.
 */
export const bedrockConverseUsage: UsageDialect = {
  fields: ['usage', 'serviceTier'],
  read(fields) {
    const usage = asObject(fields['usage']);
    return {
      usage: usage === undefined ? undefined : decodeUsage(usage),
      serviceTier: asString(asObject(fields['serviceTier'])?.['type']),
    };
  },
  createStreamObserver: () => new BedrockStreamObserver(),
  isPreamble: (event) => event === 'messageStart',
};

class BedrockStreamObserver implements StreamObserver {
  usage: Usage | undefined;
  readonly model = undefined;
  complete = false;
  error: ProviderError | undefined;

  frame(event: string, data: string): void {
    if (event === 'messageStop') this.complete = true;
    else if (event === 'metadata') {
      const reported = asObject(parseObject(data)?.['usage']);
      if (reported !== undefined) this.usage = decodeUsage(reported);
    } else if (isExceptionEvent(event)) this.error = decodeStreamException(event, parseObject(data), data);
  }
}
