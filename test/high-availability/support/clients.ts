import { Pool } from 'undici';
import type { JsonObject } from '../../../src/json/types.ts';
import { anthropic } from '../../conformance/clients/anthropic.ts';
import { bedrockConverse } from '../../conformance/clients/bedrock-converse.ts';
import { cohereChat } from '../../conformance/clients/cohere-chat.ts';
import { gemini } from '../../conformance/clients/gemini.ts';
import { ollamaChat } from '../../conformance/clients/ollama.ts';
import { openAiChat } from '../../conformance/clients/openai-chat.ts';
import { openAiResponses } from '../../conformance/clients/openai-responses.ts';
import { tgi } from '../../conformance/clients/tgi.ts';
import type { ClientAdapter } from '../../conformance/reading.ts';
import type { Scope } from '../../support/wait.ts';

/** Every client API. */
export const CLIENTS: readonly ClientAdapter[] = [
  openAiChat,
  openAiResponses,
  anthropic,
  gemini,
  bedrockConverse,
  cohereChat,
  ollamaChat,
  tgi,
];

/** The line of a virtual service that serves the APIs which are served only when asked for. */
export const ASKED_ENDPOINTS =
  'endpoints: { /generate: tgi_generate, /generate_stream: tgi_generate_stream, /api/chat: ollama_chat }';

/** What a client got. */
export interface ClientAnswer {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The words of the answer as far as it came. */
  text: string;
  /** The message of an error answer, or of an error in a stream; undefined: none. */
  error: string | undefined;
  /** Whether it ended as its API says it must. */
  ended: boolean;
  body: Buffer;
  /** From asking to the end of the answer. */
  durationMs: number;
}

/** How a question is asked. */
export interface AskOptions {
  client?: ClientAdapter;
  stream?: boolean;
  model?: string;
  headers?: Record<string, string>;
  prompt?: string;
  /** Lets the client leave. */
  signal?: AbortSignal;
}

/** Asks a gateway questions, with as many connections as it needs. */
export interface Asker {
  ask(options?: AskOptions): Promise<ClientAnswer>;
}

/** Makes an asker; its connections go with the scope. */
export function createAsker(scope: Scope, port: () => number, connections = 512): Asker {
  let pool: Pool | undefined;
  scope.after(async () => {
    await pool?.destroy();
  });
  return {
    async ask({ client = openAiChat, stream = false, model = 'm', headers = {}, prompt = 'How is it?', signal } = {}) {
      pool ??= new Pool(`http://127.0.0.1:${port()}`, { connections, pipelining: 1 });
      const request = client.request({ turns: [{ role: 'user', text: prompt }] }, { model, stream });
      const start = performance.now();
      const answer = await pool.request({
        method: 'POST',
        path: request.path,
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(request.body),
        ...(signal === undefined ? {} : { signal }),
      });
      const body = Buffer.from(await answer.body.arrayBuffer());
      const { statusCode: status, headers: answerHeaders } = answer;
      const base = { status, headers: answerHeaders, body, durationMs: performance.now() - start };
      if (status !== 200) {
        const message = client.readError(JSON.parse(body.toString()) as JsonObject);
        return { ...base, text: '', error: message, ended: true };
      }
      const { text, error, ended } = stream
        ? client.readStream(body)
        : client.readWhole(JSON.parse(body.toString()) as JsonObject);
      return { ...base, text, error, ended };
    },
  };
}
