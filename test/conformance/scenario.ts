import type { JsonObject } from '../../src/json/types.ts';

/** A function that is offered. */
export interface ScenarioTool {
  name: string;
  description: string;
  /** JSON Schema of the arguments. */
  parameters: JsonObject;
}

/** A call the model made. */
export interface ScenarioCall {
  id: string;
  name: string;
  arguments: JsonObject;
}

/** One turn of a conversation; `image` is base64 of a PNG. */
export type ScenarioTurn =
  | { role: 'user'; text: string; image?: string }
  | { role: 'assistant'; text?: string; calls?: readonly ScenarioCall[] }
  | { role: 'tool'; results: readonly { id: string; name: string; text: string }[] };

/** What a client wants to say, whichever API it speaks. */
export interface Scenario {
  system?: string;
  turns: readonly ScenarioTurn[];
  tools?: readonly ScenarioTool[];
  /** Whether a tool has to be called. */
  toolRequired?: boolean;
  /** JSON Schema of the answer. */
  schema?: JsonObject;
  /** Whether to think first, and to show it. */
  think?: boolean;
  maxTokens?: number;
  stop?: string;
}

/** How a scenario is to be asked. */
export interface AskOptions {
  model: string;
  stream: boolean;
}
