import type OpenAI from 'openai';
import { AGENT_SYSTEM, AGENT_TOOLS, type AgentClient, type AgentTurn, CALL_HEADER } from './coding-agent.ts';
import { openaiClient } from './openai-loops.ts';

/** A coding agent on OpenAI's responses: nothing stored, reasoning on and returned encrypted. */
export const RESPONSES_AGENT: AgentClient = {
  name: 'openai responses',
  begin({ fleet, provider, stream }) {
    const client = openaiClient(fleet, provider);
    const history: OpenAI.Responses.ResponseInputItem[] = [
      { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'The sandbox is read-only.' }] },
    ];
    const tools = AGENT_TOOLS.map(
      ({ name, description, schema }): OpenAI.Responses.FunctionTool => ({
        type: 'function',
        name,
        description,
        parameters: schema,
        strict: false,
      }),
    );
    let calls: { id: string; name: string; input: unknown }[] = [];

    const next = async (tool: string | undefined): Promise<AgentTurn> => {
      const body = {
        model: provider.thinkingModel,
        instructions: AGENT_SYSTEM,
        input: history,
        tools,
        tool_choice: 'auto' as const,
        parallel_tool_calls: false,
        reasoning: { effort: 'medium' as const, summary: 'auto' as const },
        store: false,
        include: ['reasoning.encrypted_content' as const],
        prompt_cache_key: 'session-2',
      };
      const headers = tool === undefined ? {} : { [CALL_HEADER]: tool };
      const response = stream
        ? await client.responses.stream(body, { headers }).finalResponse()
        : await client.responses.create(body, { headers });
      for (const item of response.output) history.push(item as OpenAI.Responses.ResponseInputItem);
      calls = response.output.flatMap((item) =>
        item.type === 'function_call'
          ? [{ id: item.call_id, name: item.name, input: JSON.parse(item.arguments) as unknown }]
          : [],
      );
      return {
        calls,
        text: response.output_text,
        thoughts: response.output.flatMap((item) =>
          item.type === 'reasoning' && item.summary.length > 0 ? [item.summary.map((part) => part.text).join('')] : [],
        ),
        inputTokens: response.usage?.input_tokens ?? 0,
        outputTokens: response.usage?.output_tokens ?? 0,
        finished: response.status === 'completed',
      };
    };

    return {
      say(text) {
        history.push({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] });
        return next(undefined);
      },
      answer(result, tool) {
        for (const { id, name } of calls) {
          history.push({ type: 'function_call_output', call_id: id, output: result(name) });
        }
        return next(tool);
      },
    };
  },
};
