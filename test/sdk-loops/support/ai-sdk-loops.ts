import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { generateText, jsonSchema, type LanguageModel, stepCountIs, streamText, tool } from 'ai';
import { APPLICATION_KEY, type LoopFleet, type LoopProvider, PROVIDER_HEADER } from './loop-fleet.ts';
import { LOOP_QUESTION, LOOP_SYSTEM, LOOP_TOOLS, type LoopClient, resultOf, SECOND_TOOL } from './tool-loop.ts';

function settings(path: string, { fleet, provider }: { fleet: LoopFleet; provider: LoopProvider }) {
  return {
    baseURL: fleet.url + path,
    apiKey: APPLICATION_KEY,
    headers: { [PROVIDER_HEADER]: provider.name },
  };
}

type ModelOf = (context: { fleet: LoopFleet; provider: LoopProvider }) => LanguageModel;

function aiSdkLoop(
  name: string,
  modelOf: ModelOf,
  how: { providerOptions?: Parameters<typeof generateText>[0]['providerOptions']; keepsSignatures?: boolean } = {},
): LoopClient {
  return {
    name: `ai ${name}`,
    finishOfCalls: 'tool-calls',
    finishOfText: 'stop',
    keepsSignatures: how.keepsSignatures ?? true,
    async run({ fleet, provider, stream }) {
      const tools = Object.fromEntries(
        LOOP_TOOLS.map(({ name: toolName, description, schema }) => [
          toolName,
          tool({
            description,
            inputSchema: jsonSchema<Record<string, unknown>>(schema as Parameters<typeof jsonSchema>[0]),
            execute: () => Promise.resolve(resultOf(toolName)),
          }),
        ]),
      );
      const options: Parameters<typeof generateText>[0] = {
        model: modelOf({ fleet, provider }),
        system: LOOP_SYSTEM,
        prompt: LOOP_QUESTION,
        tools,
        maxRetries: 0,
        ...(how.providerOptions === undefined ? {} : { providerOptions: how.providerOptions }),
        stopWhen: stepCountIs(5),
        prepareStep: ({ stepNumber }) =>
          stepNumber === 1 ? { toolChoice: { type: 'tool', toolName: SECOND_TOOL } } : { toolChoice: 'auto' },
      };
      let failure: unknown;
      const onError = ({ error }: { error: unknown }) => {
        failure = error;
      };
      const steps = stream
        ? await Promise.resolve(streamText({ ...options, onError } as Parameters<typeof streamText>[0]).steps).catch(
            (error: unknown) => {
              throw failure ?? error;
            },
          )
        : (await generateText(options)).steps;
      if (failure !== undefined) throw failure;
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

const responsesModel: ModelOf = (context) => createOpenAI(settings('/v1', context)).responses(context.provider.model);

/** The AI SDK with each of its own providers in front of the gateway. */
export const AI_SDK_LOOPS: readonly LoopClient[] = [
  aiSdkLoop('openai chat', (context) => createOpenAI(settings('/v1', context)).chat(context.provider.model)),
  // By default the SDK names reasoning items by their ids, believing that they are stored.
  aiSdkLoop('openai responses', responsesModel, { keepsSignatures: false }),
  aiSdkLoop('openai responses, not stored', responsesModel, { providerOptions: { openai: { store: false } } }),
  aiSdkLoop('anthropic', (context) => createAnthropic(settings('/anthropic/v1', context))(context.provider.model)),
  aiSdkLoop('google', (context) => createGoogleGenerativeAI(settings('/v1beta', context))(context.provider.model)),
];
