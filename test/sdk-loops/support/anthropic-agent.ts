import type Anthropic from '@anthropic-ai/sdk';
import { anthropicClient } from './anthropic-loop.ts';
import { AGENT_SYSTEM, AGENT_TOOLS, type AgentClient, type AgentTurn, CALL_HEADER } from './coding-agent.ts';

const CACHE: Anthropic.CacheControlEphemeral = { type: 'ephemeral' };

/** How many cache marks a request of the agent has: two on the system prompt, on the last tool, on the last block. */
export const CACHE_MARKS = 4;

/** A coding agent on Anthropic's SDK: cache marks on system, tools and the last message, thinking on. */
export const ANTHROPIC_AGENT: AgentClient = {
  name: 'anthropic',
  begin({ fleet, provider, stream }) {
    const client = anthropicClient(fleet, provider);
    const history: Anthropic.MessageParam[] = [];
    const system: Anthropic.TextBlockParam[] = [
      { type: 'text', text: 'You are a command line tool.', cache_control: CACHE },
      { type: 'text', text: AGENT_SYSTEM, cache_control: { type: 'ephemeral', ttl: '1h' } },
    ];
    const tools = AGENT_TOOLS.map(
      ({ name, description, schema }, index): Anthropic.Tool => ({
        name,
        description,
        input_schema: { ...schema, type: 'object' },
        ...(index === AGENT_TOOLS.length - 1 ? { cache_control: CACHE } : {}),
      }),
    );
    let calls: { id: string; name: string; input: unknown }[] = [];

    /** The history with a cache mark on its last block only, as agents set it. */
    const marked = (): Anthropic.MessageParam[] =>
      history.map((message, index) => {
        if (index < history.length - 1 || typeof message.content === 'string') return message;
        const content = message.content.map((block, position) =>
          position === message.content.length - 1 ? { ...block, cache_control: CACHE } : block,
        );
        return { ...message, content } as Anthropic.MessageParam;
      });

    const next = async (tool: string | undefined): Promise<AgentTurn> => {
      const body: Anthropic.MessageCreateParamsNonStreaming = {
        model: provider.thinkingModel,
        max_tokens: 8000,
        system,
        messages: marked(),
        tools,
        thinking: { type: 'enabled', budget_tokens: 2048 },
        metadata: { user_id: 'user_1_account__session_2' },
      };
      const headers = {
        'anthropic-beta': 'interleaved-thinking-2025-05-14',
        ...(tool === undefined ? {} : { [CALL_HEADER]: tool }),
      };
      const message = stream
        ? await client.messages.stream(body, { headers }).finalMessage()
        : await client.messages.create(body, { headers });
      history.push({ role: 'assistant', content: message.content });
      calls = message.content.flatMap((block) =>
        block.type === 'tool_use' ? [{ id: block.id, name: block.name, input: block.input }] : [],
      );
      const { usage } = message;
      return {
        calls,
        text: message.content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
        thoughts: message.content.flatMap((block) =>
          block.type === 'thinking' && block.thinking !== '' ? [block.thinking] : [],
        ),
        inputTokens:
          usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0),
        outputTokens: usage.output_tokens,
        finished: message.stop_reason === (calls.length > 0 ? 'tool_use' : 'end_turn'),
      };
    };

    return {
      say(text) {
        history.push({ role: 'user', content: [{ type: 'text', text }] });
        return next(undefined);
      },
      answer(result, tool) {
        const content = calls.map(
          ({ id, name }): Anthropic.ToolResultBlockParam => ({
            type: 'tool_result',
            tool_use_id: id,
            content: [{ type: 'text', text: result(name) }],
          }),
        );
        history.push({ role: 'user', content });
        return next(tool);
      },
    };
  },
};
