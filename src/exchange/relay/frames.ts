import type { Dialect, StreamFrame } from '../../dialects/dialect.ts';
import { unwrapBedrockFrame } from '../../dialects/envelopes/bedrock-invoke.ts';
import type { Envelope } from '../../providers/provider.ts';
import { createAwsEventStreamFramer } from '../../streams/aws-event-stream.ts';
import { frameOfAwsEventStreamMessage } from '../../streams/aws-event-stream-frame.ts';
import { createJsonLinesFramer } from '../../streams/json-lines-framer.ts';
import { createSseFramer } from '../../streams/sse-framer.ts';
import { createUtf8Decoder } from '../../streams/utf8-decoder.ts';

/** Cuts a provider's bytes into frames. */
export interface FrameSource {
  push(chunk: Uint8Array): void;
  /** The bytes ended; throws when a frame was cut. */
  end(): void;
}

/** The frame source for a dialect in its envelope. */
export function createFrameSource(
  dialect: Dialect,
  envelope: Envelope | undefined,
  onFrame: (frame: StreamFrame) => void,
): FrameSource {
  if (dialect.framing === 'aws-event-stream' || envelope === 'bedrock-invoke') {
    return createAwsEventStreamFramer((message) => {
      const frame = frameOfAwsEventStreamMessage(message);
      const unwrapped = envelope === 'bedrock-invoke' ? unwrapBedrockFrame(frame) : frame;
      if (unwrapped !== undefined) onFrame(unwrapped);
    });
  }
  const utf8 = createUtf8Decoder();
  const deliver = (event: string, data: string) => onFrame({ event, data });
  const framer =
    dialect.framing === 'json-lines' ? createJsonLinesFramer((line) => deliver('', line)) : createSseFramer(deliver);
  return {
    push: (chunk) => framer.push(utf8.decode(chunk)),
    end() {
      const rest = utf8.end();
      if (rest !== '') framer.push(rest);
      framer.end();
    },
  };
}
