import assert from 'node:assert/strict';
import { signText } from '../../../src/mock/brain/signature.ts';
import type { RecordedRequest } from '../../../src/mock/recorder.ts';
import type { LoopFleet, LoopProvider } from './loop-fleet.ts';
import { signaturesIn } from './signatures.ts';
import type { LoopSchema } from './tool-loop.ts';

/** What an agent was told in one turn. */
export interface AgentTurn {
  calls: readonly { id: string; name: string; input: unknown }[];
  text: string;
  /** Thoughts in words, as the SDK shows them. */
  thoughts: readonly string[];
  inputTokens: number;
  outputTokens: number;
  /** Whether the turn ended as its content demands. */
  finished: boolean;
}

/** A conversation of a coding agent through one SDK. */
export interface AgentSession {
  /** Says something and returns the model's answer; both stay in the conversation as they are. */
  say(text: string): Promise<AgentTurn>;
  /** Returns the results of the last turn's calls; `tool` is what the model does next, text when undefined. */
  answer(result: (name: string) => string, tool: string | undefined): Promise<AgentTurn>;
}

/** How an SDK begins a session. */
export interface AgentClient {
  readonly name: string;
  begin(options: { fleet: LoopFleet; provider: LoopProvider; stream: boolean }): AgentSession;
}

/** Header by which the mock calls a tool although nothing demands it. */
export const CALL_HEADER = 'x-mock-tool';

const MANUAL = Array.from(
  { length: 400 },
  (_, line) => `${line + 1}. Read before you write; keep "quotes", <tags>, \\backslashes\\ and 世界 as they are.`,
).join('\n');

/** The agent's system prompt: some 30 KB. */
export const AGENT_SYSTEM = `You are a coding agent.\n\n${MANUAL}`;

/** What the user says first. It names no tool: the mock would call it. */
export const AGENT_TASK = 'Mend the failing test in src/parser.ts.';

const PATHS: LoopSchema['properties'] = {
  file_path: { type: 'string', description: 'An absolute path' },
  lines: {
    type: 'array',
    description: 'Ranges to look at',
    items: {
      type: 'object',
      properties: { from: { type: 'integer', minimum: 1 }, to: { type: 'integer' } },
      required: ['from', 'to'],
      additionalProperties: false,
    },
  },
  mode: { type: 'string', enum: ['plain', 'numbered'], default: 'plain' },
  pattern: { type: 'string', maxLength: 200 },
  deadline_ms: { anyOf: [{ type: 'number' }, { type: 'null' }] },
};

/** Twenty tools with the schema keywords that agents use. */
export const AGENT_TOOLS: readonly { name: string; description: string; schema: Record<string, unknown> }[] =
  Array.from({ length: 20 }, (_, index) => ({
    name: `${index % 2 === 0 ? 'Read' : 'mcp__files__edit'}_${index}`,
    description: `Works on files, way ${index}.\nUsage:\n- "file_path" is absolute\n- at most 2000 lines`,
    schema: {
      $schema: 'http://json-schema.org/draft-07/schema#',
      type: 'object',
      properties: PATHS,
      required: ['file_path', 'lines'],
      additionalProperties: false,
    },
  }));

const CALL_TURNS = 9;

/**
 * Runs ten turns: nine with a tool call each (two of them begun by the user), then an answer in words.
 * Returns the turns and the last request to the provider.
 */
export async function runAgent(
  client: AgentClient,
  options: { fleet: LoopFleet; provider: LoopProvider; stream: boolean },
): Promise<{ turns: AgentTurn[]; last: RecordedRequest }> {
  const { fleet } = options;
  const from = fleet.requestCount;
  const session = client.begin(options);
  const toolOf = (turn: number) => AGENT_TOOLS[(turn * 3) % AGENT_TOOLS.length]?.name;
  const turns = [await session.say(`${AGENT_TASK} Please call the tool.`)];
  for (let turn = 1; turn <= CALL_TURNS; turn += 1) {
    const next = turn === CALL_TURNS ? undefined : toolOf(turn);
    turns.push(await session.answer((name) => `${name}, turn ${turn}: "line\\n" <b>\n世界 🌍`, next));
  }
  const sent = fleet.requestsSince(from);
  assert.equal(sent.length, turns.length, 'one request to the provider for each turn');
  const last = sent.at(-1);
  assert.ok(last);
  for (const [turn, { calls, text, inputTokens, outputTokens, finished }] of turns.entries()) {
    const names = turn === CALL_TURNS ? [] : [toolOf(turn)];
    assert.deepEqual(
      calls.map((call) => call.name),
      names,
      `calls of turn ${turn}`,
    );
    for (const { input } of calls) assert.equal(typeof (input as { file_path?: unknown }).file_path, 'string');
    assert.ok(inputTokens > 5000 && outputTokens > 0, `usage of turn ${turn}: ${inputTokens}, ${outputTokens}`);
    assert.ok(finished, `end of turn ${turn}`);
    if (turn === CALL_TURNS) assert.match(text, /The tool \w+ answered: .*turn 9/);
  }
  return { turns, last };
}

/**
 * Checks that everything by which a model takes up its thoughts again came back to it: each signature byte for byte, in
 * order, or the thoughts' words where the provider's API has no signatures.
 */
export function checkThoughtsReturned(
  provider: LoopProvider,
  turns: readonly AgentTurn[],
  last: RecordedRequest,
): void {
  const earlier = turns.slice(0, -1);
  const returned = signaturesIn(last);
  if (provider.signs === 'calls') {
    const given = earlier.flatMap(({ calls }) =>
      calls.map(({ name, input }) => signText(name + JSON.stringify(input))),
    );
    assert.deepEqual(returned, given);
    return;
  }
  const thoughts = earlier.flatMap((turn) => turn.thoughts);
  if (provider.signs === 'thoughts') {
    assert.deepEqual(returned, thoughts.map(signText));
    return;
  }
  // The responses API of a compatible server encrypts its thoughts; chat completions and Cohere send them in words.
  if (returned.length > 0) assert.deepEqual(returned, thoughts.map(signText));
  else for (const thought of thoughts) assert.ok(last.body.includes(JSON.stringify(thought).slice(1, -1)), thought);
}
