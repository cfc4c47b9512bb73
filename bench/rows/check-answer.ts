import type { CandidateName } from '../candidates.ts';
import { MODELS } from '../gateway-config.ts';
import { PLAIN_TEXT, STREAM_EVENTS, tokens } from '../provider-answers.ts';
import type { RequestSpec } from '../requests.ts';
import type { RowContext } from './row.ts';

/** Events of each canned stream that are not text. */
const NOT_TEXT: Readonly<Record<string, number>> = {
  [MODELS.anthropic]: 5,
  [MODELS.bedrock]: 4,
  [MODELS.gemini]: 0,
};
const TOTAL_TOKENS = 69;

interface OpenAiAnswer {
  choices?: { delta?: { content?: string | null }; message?: { content?: string } }[];
  usage?: { total_tokens?: number } | null;
}

interface AnthropicAnswer {
  content?: { text?: string }[];
  usage?: { input_tokens?: number; output_tokens?: number };
}

/** A whole Anthropic answer in OpenAI's words. */
function fromAnthropic({ content, usage }: AnthropicAnswer): OpenAiAnswer {
  return {
    choices: [{ message: { content: (content ?? []).map((block) => block.text ?? '').join('') } }],
    usage: { total_tokens: (usage?.input_tokens ?? 0) + (usage?.output_tokens ?? 0) },
  };
}

function readWhole(body: string, api: RequestSpec['api']): OpenAiAnswer {
  const answer = JSON.parse(body) as OpenAiAnswer & AnthropicAnswer;
  return api === 'anthropic' ? fromAnthropic(answer) : answer;
}

function readEvents(body: string): OpenAiAnswer[] {
  return body
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice(6)) as OpenAiAnswer);
}

/**
 * Asks a candidate once and rejects unless the answer is right to the last token and carries its usage: what is fast and wrong is
 * not measured. Streams are read in OpenAI's form only. Only the gateway goes by the model; the others reach the provider's OpenAI API whatever the model.
 */
export async function checkAnswer(
  context: RowContext,
  candidate: { name: CandidateName; port: number },
  request: RequestSpec,
): Promise<void> {
  const { answer } = await context.load.run({ kind: 'once', port: candidate.port, request });
  if (answer?.status !== 200) throw new Error(`answered ${answer?.status}: ${answer?.body.slice(0, 300)}`);
  const events = request.stream ? readEvents(answer.body) : [readWhole(answer.body, request.api)];
  const notText = candidate.name === 'gateway' ? (NOT_TEXT[request.model] ?? 1) : 1;
  const expected = request.stream ? tokens(STREAM_EVENTS - notText).join('') : PLAIN_TEXT;
  const choices = events.map((event) => event.choices?.[0]);
  const text = choices.map((choice) => choice?.delta?.content ?? choice?.message?.content ?? '').join('');
  if (text !== expected) throw new Error(`answered "${text.slice(0, 200)}" instead of "${expected.slice(0, 200)}"`);
  const total = events.findLast((event) => event.usage != null)?.usage?.total_tokens;
  if (total !== TOTAL_TOKENS) throw new Error(`counted ${total} tokens instead of ${TOTAL_TOKENS}`);
}
