import {
  type Content,
  FunctionCallingConfigMode,
  type GenerateContentConfig,
  type GenerateContentResponse,
  GoogleGenAI,
  type Part,
  type ToolConfig,
} from '@google/genai';
import { APPLICATION_KEY, PROVIDER_HEADER } from './loop-fleet.ts';
import {
  LOOP_QUESTION,
  LOOP_SYSTEM,
  LOOP_TOOLS,
  type LoopClient,
  type LoopStep,
  resultOf,
  SECOND_TOOL,
} from './tool-loop.ts';

/** The parts of a stream as the SDK's own chat keeps them: as they came, empty ones left out. */
async function gathered(
  chunks: AsyncIterable<GenerateContentResponse>,
): Promise<{ parts: Part[]; last: GenerateContentResponse | undefined; finish: string }> {
  const parts: Part[] = [];
  let last: GenerateContentResponse | undefined;
  let finish = '';
  for await (const chunk of chunks) {
    const candidate = chunk.candidates?.[0];
    for (const part of candidate?.content?.parts ?? []) {
      if (part.text !== '' || part.thoughtSignature !== undefined) parts.push(part);
    }
    finish = candidate?.finishReason ?? finish;
    last = chunk;
  }
  return { parts, last, finish };
}

/** Google's SDK. */
export const GENAI_LOOP: LoopClient = {
  name: 'google genai',
  finishOfCalls: 'STOP',
  finishOfText: 'STOP',
  keepsSignatures: true,
  async run({ fleet, provider, stream }) {
    const client = new GoogleGenAI({
      apiKey: APPLICATION_KEY,
      httpOptions: { baseUrl: fleet.url, headers: { [PROVIDER_HEADER]: provider.name } },
    });
    const history: Content[] = [{ role: 'user', parts: [{ text: LOOP_QUESTION }] }];
    const declarations = LOOP_TOOLS.map(({ name, description, schema }) => ({
      name,
      description,
      parametersJsonSchema: schema,
    }));
    const next = async (toolConfig?: ToolConfig): Promise<LoopStep> => {
      const config: GenerateContentConfig = {
        systemInstruction: LOOP_SYSTEM,
        tools: [{ functionDeclarations: declarations }],
        ...(toolConfig === undefined ? {} : { toolConfig }),
      };
      const request = { model: provider.model, contents: history, config };
      const whole = stream ? undefined : await client.models.generateContent(request);
      const streamed = stream ? await gathered(await client.models.generateContentStream(request)) : undefined;
      const parts = streamed?.parts ?? whole?.candidates?.[0]?.content?.parts ?? [];
      const usage = (streamed?.last ?? whole)?.usageMetadata;
      history.push({ role: 'model', parts });
      const calls = parts.flatMap(({ functionCall }) =>
        functionCall === undefined
          ? []
          : [{ id: functionCall.id ?? '', name: functionCall.name ?? '', input: functionCall.args }],
      );
      const results = calls.map(
        ({ id, name }): Part => ({
          functionResponse: { ...(id === '' ? {} : { id }), name, response: { output: resultOf(name) } },
        }),
      );
      if (results.length > 0) history.push({ role: 'user', parts: results });
      return {
        finish: streamed?.finish ?? whole?.candidates?.[0]?.finishReason ?? '',
        text: parts.map((part) => (part.thought === true ? '' : (part.text ?? ''))).join(''),
        // Gemini's own API gives its calls no ids: results belong to calls by their order.
        calls: calls.map((call, index) => ({ ...call, id: call.id || `${history.length}-${index}` })),
        inputTokens: usage?.promptTokenCount ?? 0,
        outputTokens: usage?.candidatesTokenCount ?? 0,
      };
    };
    return [
      await next(),
      await next({
        functionCallingConfig: { mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: [SECOND_TOOL] },
      }),
      await next(),
    ];
  },
};
