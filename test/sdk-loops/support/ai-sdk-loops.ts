import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { generateText, jsonSchema, type LanguageModel, stepCountIs, streamText, tool } from 'ai';
import { CALL_HEADER } from './coding-agent.ts';
import { APPLICATION_KEY, type LoopFleet, type LoopProvider, PROVIDER_HEADER } from './loop-fleet.ts';
import { LOOP_QUESTION, LOOP_SYSTEM, LOOP_TOOLS, type LoopClient, resultOf, SECOND_TOOL } from './tool-loop.ts';

type TextOptions = Parameters<typeof generateText>[0];

/** What a provider of the AI SDK is made with. */
interface Connection {
  baseURL: string;
  apiKey: string;
  headers: Record<string, string>;
  fetch: typeof fetch;
}

/** One way to use the AI SDK. */
interface AiSdkWay {
  name: string;
  /** The API's root below the gateway's. */
  root: string;
  connect(connection: Connection, model: string): LanguageModel;
  /** Switches thinking on, where it is to be. */
  thinking?: TextOptions['providerOptions'];
  providerOptions?: TextOptions['providerOptions'];
  keepsSignatures: boolean;
}

/** The requests of one loop; the model calls the second tool in the second one although nothing demands it. */
function connectionOf(way: AiSdkWay, fleet: LoopFleet, provider: LoopProvider): Connection {
  let requests = 0;
  return {
    baseURL: fleet.url + way.root,
    apiKey: APPLICATION_KEY,
    headers: { [PROVIDER_HEADER]: provider.name },
    fetch(input, init) {
      requests += 1;
      const headers = new Headers(init?.headers);
      if (way.thinking !== undefined && requests === 2) headers.set(CALL_HEADER, SECOND_TOOL);
      return fetch(input, { ...init, headers });
    },
  };
}

function toolsOf(): NonNullable<TextOptions['tools']> {
  return Object.fromEntries(
    LOOP_TOOLS.map(({ name, description, schema }) => [
      name,
      tool({
        description,
        inputSchema: jsonSchema<Record<string, unknown>>(schema as Parameters<typeof jsonSchema>[0]),
        execute: () => Promise.resolve(resultOf(name)),
      }),
    ]),
  );
}

/** The steps of a streamed loop; rejects with the error itself where the SDK would only say that nothing came. */
async function streamedSteps(options: TextOptions): Promise<Awaited<ReturnType<typeof streamText>['steps']>> {
  let failure: unknown;
  const onError = ({ error }: { error: unknown }) => {
    failure ??= error;
  };
  try {
    return await streamText({ ...options, onError } as Parameters<typeof streamText>[0]).steps;
  } catch (error) {
    throw failure ?? error;
  }
}

function aiSdkLoop(way: AiSdkWay): LoopClient {
  return {
    name: `ai ${way.name}`,
    finishOfCalls: 'tool-calls',
    finishOfText: 'stop',
    keepsSignatures: way.keepsSignatures,
    thinks: way.thinking !== undefined,
    async run({ fleet, provider, stream }) {
      const model = way.thinking === undefined ? provider.model : provider.thinkingModel;
      const providerOptions = way.thinking ?? way.providerOptions;
      const options: TextOptions = {
        model: way.connect(connectionOf(way, fleet, provider), model),
        system: LOOP_SYSTEM,
        prompt: LOOP_QUESTION,
        tools: toolsOf(),
        maxRetries: 0,
        ...(providerOptions === undefined ? {} : { providerOptions }),
        stopWhen: stepCountIs(5),
        // Claude refuses a forced tool while it thinks.
        prepareStep: ({ stepNumber }) =>
          stepNumber === 1 && way.thinking === undefined
            ? { toolChoice: { type: 'tool', toolName: SECOND_TOOL } }
            : { toolChoice: 'auto' },
      };
      const steps = stream ? await streamedSteps(options) : (await generateText(options)).steps;
      return steps.map((step) => ({
        finish: step.finishReason,
        text: step.text,
        calls: step.toolCalls.map((call) => ({ id: call.toolCallId, name: call.toolName, input: call.input })),
        inputTokens: step.usage.inputTokens ?? 0,
        outputTokens: step.usage.outputTokens ?? 0,
      }));
    },
  };
}

const CHAT: AiSdkWay = {
  name: 'openai chat',
  root: '/v1',
  connect: (connection, model) => createOpenAI(connection).chat(model),
  // The SDK drops fields of a call that it does not know.
  keepsSignatures: false,
};
const RESPONSES: AiSdkWay = {
  name: 'openai responses',
  root: '/v1',
  connect: (connection, model) => createOpenAI(connection).responses(model),
  // By default the SDK names reasoning items by their ids, believing that they are stored.
  keepsSignatures: false,
};
const MESSAGES: AiSdkWay = {
  name: 'anthropic',
  root: '/anthropic/v1',
  connect: (connection, model) => createAnthropic(connection)(model),
  // A signature of a call stands on a thought, which a client without thinking does not get.
  keepsSignatures: false,
};
const GEMINI: AiSdkWay = {
  name: 'google',
  root: '/v1beta',
  connect: (connection, model) => createGoogleGenerativeAI(connection)(model),
  keepsSignatures: true,
};

/** The AI SDK with each of its own providers in front of the gateway, without and with thinking. */
export const AI_SDK_LOOPS: readonly LoopClient[] = [
  CHAT,
  RESPONSES,
  {
    ...RESPONSES,
    name: 'openai responses, not stored',
    providerOptions: { openai: { store: false } },
    keepsSignatures: true,
  },
  {
    ...RESPONSES,
    name: 'openai responses, thinking',
    thinking: {
      openai: { store: false, forceReasoning: true, reasoningEffort: 'medium', reasoningSummary: 'auto' },
    },
    keepsSignatures: true,
  },
  MESSAGES,
  {
    ...MESSAGES,
    name: 'anthropic, thinking',
    thinking: { anthropic: { thinking: { type: 'enabled', budgetTokens: 1024 } } },
    keepsSignatures: true,
  },
  GEMINI,
  {
    ...GEMINI,
    name: 'google, thinking',
    thinking: { google: { thinkingConfig: { includeThoughts: true, thinkingBudget: 1024 } } },
  },
].map(aiSdkLoop);
