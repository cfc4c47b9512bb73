import Anthropic from '@anthropic-ai/sdk';
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

/** An Anthropic client of the gateway whose requests go to `provider`. */
export function anthropicClient(fleet: LoopFleet, provider: LoopProvider): Anthropic {
  return new Anthropic({
    baseURL: `${fleet.url}/anthropic`,
    apiKey: APPLICATION_KEY,
    maxRetries: 0,
    defaultHeaders: { [PROVIDER_HEADER]: provider.name },
  });
}

/** The Anthropic SDK. */
export const ANTHROPIC_LOOP: LoopClient = {
  name: 'anthropic',
  finishOfCalls: 'tool_use',
  finishOfText: 'end_turn',
  // A signature of a call stands on a thought, which a client without thinking does not get.
  keepsSignatures: false,
  async run({ fleet, provider, stream }) {
    const client = anthropicClient(fleet, provider);
    const history: Anthropic.MessageParam[] = [{ role: 'user', content: LOOP_QUESTION }];
    const tools = LOOP_TOOLS.map(
      ({ name, description, schema }): Anthropic.Tool => ({ name, description, input_schema: { ...schema } }),
    );
    const next = async (toolChoice: Anthropic.ToolChoice): Promise<LoopStep> => {
      const body = {
        model: provider.model,
        max_tokens: 1000,
        system: LOOP_SYSTEM,
        messages: history,
        tools,
        tool_choice: toolChoice,
      };
      const message = stream ? await client.messages.stream(body).finalMessage() : await client.messages.create(body);
      history.push({ role: 'assistant', content: message.content });
      const calls = message.content.flatMap((block) =>
        block.type === 'tool_use' ? [{ id: block.id, name: block.name, input: block.input }] : [],
      );
      const results = calls.map(
        ({ id, name }): Anthropic.ToolResultBlockParam => ({
          type: 'tool_result',
          tool_use_id: id,
          content: resultOf(name),
        }),
      );
      if (results.length > 0) history.push({ role: 'user', content: results });
      return {
        finish: message.stop_reason ?? '',
        text: message.content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
        calls,
        inputTokens: message.usage.input_tokens,
        outputTokens: message.usage.output_tokens,
      };
    };
    return [
      await next({ type: 'auto' }),
      await next({ type: 'tool', name: SECOND_TOOL }),
      await next({ type: 'auto' }),
    ];
  },
};
