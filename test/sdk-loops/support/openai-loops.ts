import OpenAI from 'openai';
import { APPLICATION_KEY, type LoopFleet, type LoopProvider, PROVIDER_HEADER } from './loop-fleet.ts';
import {
  LOOP_QUESTION,
  LOOP_SYSTEM,
  LOOP_TOOLS,
  type LoopClient,
  type LoopStep,
  resultOf,
  SECOND_TOOL,
} from './tool-loop.ts';

/** An OpenAI client of the gateway whose requests go to `provider`. */
export function openaiClient(fleet: LoopFleet, provider: LoopProvider): OpenAI {
  return new OpenAI({
    baseURL: `${fleet.url}/v1`,
    apiKey: APPLICATION_KEY,
    maxRetries: 0,
    defaultHeaders: { [PROVIDER_HEADER]: provider.name },
  });
}

/** The OpenAI SDK with chat completions. */
export const OPENAI_CHAT_LOOP: LoopClient = {
  name: 'openai chat',
  finishOfCalls: 'tool_calls',
  finishOfText: 'stop',
  keepsSignatures: true,
  async run({ fleet, provider, stream }) {
    const client = openaiClient(fleet, provider);
    const history: OpenAI.ChatCompletionMessageParam[] = [
      { role: 'system', content: LOOP_SYSTEM },
      { role: 'user', content: LOOP_QUESTION },
    ];
    const tools = LOOP_TOOLS.map(
      ({ name, description, schema }): OpenAI.ChatCompletionFunctionTool => ({
        type: 'function',
        function: { name, description, parameters: { ...schema } },
      }),
    );
    const next = async (toolChoice: OpenAI.ChatCompletionToolChoiceOption): Promise<LoopStep> => {
      const body = { model: provider.model, messages: history, tools, tool_choice: toolChoice };
      const completion = stream
        ? await client.chat.completions
            .stream({ ...body, stream_options: { include_usage: true } })
            .finalChatCompletion()
        : await client.chat.completions.create(body);
      const choice = completion.choices[0];
      if (choice === undefined) throw new Error('an answer without a choice');
      history.push(choice.message);
      const calls = (choice.message.tool_calls ?? []).flatMap((call) =>
        call.type === 'function'
          ? [{ id: call.id, name: call.function.name, input: JSON.parse(call.function.arguments) as unknown }]
          : [],
      );
      for (const { id, name } of calls) history.push({ role: 'tool', tool_call_id: id, content: resultOf(name) });
      return {
        finish: choice.finish_reason,
        text: choice.message.content ?? '',
        calls,
        inputTokens: completion.usage?.prompt_tokens ?? 0,
        outputTokens: completion.usage?.completion_tokens ?? 0,
      };
    };
    return [await next('auto'), await next({ type: 'function', function: { name: SECOND_TOOL } }), await next('auto')];
  },
};

/** The OpenAI SDK with responses, the whole conversation in every request. */
export const OPENAI_RESPONSES_LOOP: LoopClient = {
  name: 'openai responses',
  finishOfCalls: 'completed',
  finishOfText: 'completed',
  keepsSignatures: true,
  async run({ fleet, provider, stream }) {
    const client = openaiClient(fleet, provider);
    const history: OpenAI.Responses.ResponseInputItem[] = [{ role: 'user', content: LOOP_QUESTION }];
    const tools = LOOP_TOOLS.map(
      ({ name, description, schema }): OpenAI.Responses.FunctionTool => ({
        type: 'function',
        name,
        description,
        parameters: { ...schema },
        strict: false,
      }),
    );
    const next = async (
      toolChoice: OpenAI.Responses.ResponseCreateParamsNonStreaming['tool_choice'],
    ): Promise<LoopStep> => {
      const body = {
        model: provider.model,
        instructions: LOOP_SYSTEM,
        input: history,
        tools,
        store: false,
        ...(toolChoice === undefined ? {} : { tool_choice: toolChoice }),
      };
      const response = stream
        ? await client.responses.stream(body).finalResponse()
        : await client.responses.create(body);
      for (const item of response.output) history.push(item as OpenAI.Responses.ResponseInputItem);
      const calls = response.output.flatMap((item) =>
        item.type === 'function_call'
          ? [{ id: item.call_id, name: item.name, input: JSON.parse(item.arguments) as unknown }]
          : [],
      );
      for (const { id, name } of calls) {
        history.push({ type: 'function_call_output', call_id: id, output: resultOf(name) });
      }
      return {
        finish: response.status ?? '',
        text: response.output_text,
        calls,
        inputTokens: response.usage?.input_tokens ?? 0,
        outputTokens: response.usage?.output_tokens ?? 0,
      };
    };
    return [await next('auto'), await next({ type: 'function', name: SECOND_TOOL }), await next(undefined)];
  },
};
