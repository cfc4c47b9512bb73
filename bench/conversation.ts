/** Wire APIs that the load process speaks as a client. */
export type ClientApi = 'openai' | 'anthropic';

const QUESTION = 'How is the weather in Zürich on day';
const ANSWER = 'It is sunny with some clouds in the afternoon, said the tool on day';

/** What a tool takes: nested, with the keywords that translators have to look at. */
function parameters(index: number): object {
  return {
    type: 'object',
    properties: {
      city: { type: 'string', description: `The city of tool ${index}` },
      unit: { type: 'string', enum: ['celsius', 'fahrenheit'] },
      days: { type: 'array', items: { type: 'object', properties: { day: { type: 'integer' } }, required: ['day'] } },
    },
    required: ['city'],
    additionalProperties: false,
  };
}

/** So many tools as a client of this API declares them. */
export function toolsOf(api: ClientApi, count: number): object[] {
  return Array.from({ length: count }, (_, index) => {
    const tool = { name: `get_weather_${index}`, description: `Tells the weather, in the way of tool ${index}.` };
    return api === 'anthropic'
      ? { ...tool, input_schema: parameters(index) }
      : { type: 'function', function: { ...tool, parameters: parameters(index) } };
  });
}

/** Four messages: a question, a call of a tool, its result, an answer. */
function round(api: ClientApi, index: number): object[] {
  const id = `call_${index}`;
  const question = { role: 'user', content: `${QUESTION} ${index}?` };
  const answer = { role: 'assistant', content: `${ANSWER} ${index}.` };
  const result = `{"day":${index},"temperature":21}`;
  if (api === 'anthropic') {
    const call = { type: 'tool_use', id, name: 'get_weather_0', input: { city: 'Zürich', days: [{ day: index }] } };
    return [
      question,
      { role: 'assistant', content: [{ type: 'text', text: 'Let me look.' }, call] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: result }] },
      answer,
    ];
  }
  const args = `{"city":"Zürich","days":[{"day":${index}}]}`;
  const call = { id, type: 'function', function: { name: 'get_weather_0', arguments: args } };
  return [
    question,
    { role: 'assistant', content: 'Let me look.', tool_calls: [call] },
    { role: 'tool', tool_call_id: id, content: result },
    answer,
  ];
}

/** About so many messages of a talk in which every other answer took a tool; the last one is the user's. */
export function messagesOf(api: ClientApi, count: number): object[] {
  const messages: object[] = [];
  for (let index = 0; messages.length + 4 < count; index++) messages.push(...round(api, index));
  messages.push({ role: 'user', content: `${QUESTION} ${count}?` });
  return messages;
}
