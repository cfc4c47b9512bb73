import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProviderError } from './neutral/response.ts';
import { refusalReason } from './refusal-reason.ts';

const error = (status: number, message: string, rest: Partial<ProviderError> = {}): ProviderError => ({
  status,
  type: 'invalid_request_error',
  message,
  ...rest,
});

/** What vendors say of a prompt that is too long. */
const TOO_LONG: Readonly<Record<string, ProviderError>> = {
  OpenAI: error(
    400,
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 10240 tokens. Please reduce the length of the messages.",
    { code: 'context_length_exceeded', param: 'messages' },
  ),
  'OpenAI responses': error(
    400,
    'Your input exceeds the context window of this model. Please adjust your input and try again.',
    { code: 'context_length_exceeded', param: 'input' },
  ),
  Anthropic: error(400, 'prompt is too long: 205123 tokens > 200000 maximum'),
  'Anthropic, with the output': error(
    400,
    'input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length or `max_tokens` and try again',
  ),
  'Anthropic, in bytes': error(413, 'Prompt is too long', { type: 'request_too_large' }),
  Gemini: error(400, 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).', {
    type: 'INVALID_ARGUMENT',
  }),
  Bedrock: error(400, 'Input is too long for requested model.', { type: 'ValidationException' }),
  Cohere: error(
    400,
    'too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5000. Try using a shorter prompt.',
  ),
  Mistral: error(
    400,
    'Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length',
  ),
  vLLM: error(
    400,
    "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens in the messages, Please reduce the length of the messages.",
    { type: 'BadRequestError' },
  ),
  TGI: error(
    422,
    'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens and 200 `max_new_tokens`',
    { type: 'validation' },
  ),
  'TGI, the prompt alone': error(422, 'Input validation error: `inputs` must have less than 1024 tokens. Given: 2000', {
    type: 'validation',
  }),
  'llama.cpp': error(400, 'the request exceeds the available context size, try increasing it', {
    type: 'exceed_context_size_error',
  }),
  Groq: error(400, 'Please reduce the length of the messages or completion.', { code: 'context_length_exceeded' }),
};

/** What vendors say of a prompt that is against their policy. */
const AGAINST_POLICY: Readonly<Record<string, ProviderError>> = {
  'Azure OpenAI': error(
    400,
    "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry.",
    { code: 'content_filter', param: 'prompt' },
  ),
  'OpenAI images': error(
    400,
    'Your request was rejected as a result of our safety system. Your prompt may contain text that is not allowed by our safety system.',
    { code: 'content_policy_violation' },
  ),
  'OpenAI images, newer': error(400, 'Your request was rejected by the safety system.', { code: 'moderation_blocked' }),
  Anthropic: error(400, 'Output blocked by content filtering policy'),
};

for (const [vendor, refusal] of Object.entries(TOO_LONG)) {
  test(`a prompt that is too long for ${vendor}`, () => assert.equal(refusalReason(refusal), 'context_length'));
}

for (const [vendor, refusal] of Object.entries(AGAINST_POLICY)) {
  test(`a prompt against the policy of ${vendor}`, () => assert.equal(refusalReason(refusal), 'content_policy'));
}

test('other refusals are for neither reason', () => {
  const others = [
    error(400, "Unsupported value: 'temperature' does not support 0.2 with this model.", { code: 'unsupported_value' }),
    error(400, 'max_tokens: 100000 > 8192, which is the maximum allowed number of output tokens'),
    error(401, 'Incorrect API key provided.', { code: 'invalid_api_key' }),
    error(404, 'The model `gpt-9` does not exist or you do not have access to it.', { code: 'model_not_found' }),
    error(429, 'Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 40000.', {
      code: 'rate_limit_exceeded',
    }),
    error(500, 'prompt is too long'),
    error(200, 'content filter'),
  ];
  for (const refusal of others) assert.equal(refusalReason(refusal), undefined, refusal.message);
});
