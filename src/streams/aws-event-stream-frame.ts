import type { AwsEventStreamMessage } from './aws-event-stream.ts';

/** A message of an AWS event stream as a named frame of text. */
export interface AwsEventStreamFrame {
  /** The event's type, or the exception's: then it ends in `Exception`. Empty when the message names neither. */
  event: string;
  /** The payload as text, JSON with every service the gateway speaks to. */
  data: string;
}

const DECODER = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Names a message by its headers: `:event-type`; for `:message-type: exception` the `:exception-type`; for
 * `:message-type: error`, which has no payload, `:error-code` with `Exception` put after it, and `:error-message` as a
 * JSON payload. So a reader tells failures by the ending `Exception` alone.
 */
export function frameOfAwsEventStreamMessage(message: AwsEventStreamMessage): AwsEventStreamFrame {
  const { headers, payload } = message;
  const type = headers[':message-type'];
  if (type === 'error') {
    const code = headers[':error-code'] ?? 'InternalServer';
    return {
      event: withExceptionEnding(code),
      data: JSON.stringify({ message: headers[':error-message'] ?? code }),
    };
  }
  const data = DECODER.decode(payload);
  if (type === 'exception') return { event: withExceptionEnding(headers[':exception-type'] ?? ''), data };
  return { event: headers[':event-type'] ?? '', data };
}

function withExceptionEnding(name: string): string {
  return name.endsWith('Exception') ? name : `${name}Exception`;
}
