import assert from 'node:assert/strict';
import OpenAI from 'openai';
import type { SdkCase, SdkOperation } from './sdk-table.ts';

type Case = SdkCase<OpenAI>;
type Request = OpenAI.ChatCompletionCreateParamsNonStreaming;

function ask({ provider }: Case, rest: Partial<Request> = {}): Request {
  return { model: provider.chatModel, messages: [{ role: 'user', content: 'Hello' }], ...rest };
}

/** Rejects unless the call fails with an error of the class, of OpenAI's form, with a message. */
async function fails<Kind extends InstanceType<typeof OpenAI.APIError>>(
  call: Promise<unknown>,
  kind: abstract new (...args: never[]) => Kind,
  check: (error: Kind) => void = () => {},
): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof kind, `${error}`);
    assert.equal(typeof (error.error as { message?: unknown } | undefined)?.message, 'string', 'it has no message');
    check(error);
    return true;
  });
}

async function badRequest(context: Case): Promise<void> {
  await fails(context.client.chat.completions.create(ask(context, { messages: [] })), OpenAI.BadRequestError, (error) =>
    // The provider's own word for it.
    assert.match(error.type ?? '', /^(?:invalid_request_error|INVALID_ARGUMENT|ValidationException)$/),
  );
}

async function authentication(context: Case): Promise<void> {
  const options = { headers: { 'x-mock-status': '401' } };
  await fails(context.client.chat.completions.create(ask(context), options), OpenAI.AuthenticationError);
}

async function notFound(context: Case): Promise<void> {
  const options = { headers: { 'x-mock-status': '404' } };
  await fails(context.client.chat.completions.create(ask(context), options), OpenAI.NotFoundError);
}

async function rateLimit(context: Case): Promise<void> {
  const options = { headers: { 'x-mock-fail': '429' } };
  await fails(context.client.chat.completions.create(ask(context), options), OpenAI.RateLimitError, (error) =>
    assert.equal(error.headers?.get('retry-after'), '1'),
  );
}

/** The SDK tries again after as long as it is told, on its own: the gateway passes every refusal on. */
async function retries(context: Case): Promise<void> {
  const patient = context.client.withOptions({ maxRetries: 1 });
  const options = { headers: { 'x-mock-fail': '429' } };
  const start = performance.now();
  await fails(patient.chat.completions.create(ask(context), options), OpenAI.RateLimitError);
  assert.ok(performance.now() - start > 900, 'it did not wait');
  assert.equal(context.sent().length, 2);
}

async function serverError(context: Case): Promise<void> {
  const options = { headers: { 'x-mock-status': '500' } };
  await fails(context.client.chat.completions.create(ask(context), options), OpenAI.InternalServerError, (error) =>
    assert.equal(error.status, 500),
  );
}

async function errorInStream(context: Case): Promise<void> {
  const options = { headers: { 'x-mock-fail': 'error-event' } };
  const stream = await context.client.chat.completions.create({ ...ask(context), stream: true }, options);
  let text = '';
  await assert.rejects(
    (async () => {
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    })(),
    OpenAI.APIError,
  );
  assert.match(text, /^You said/);
}

async function cutStream(context: Case): Promise<void> {
  const options = { headers: { 'x-mock-fail': 'cut' } };
  const stream = await context.client.chat.completions.create({ ...ask(context), stream: true }, options);
  await assert.rejects(async () => {
    for await (const _ of stream);
  }, OpenAI.APIError);
}

async function garbage(context: Case): Promise<void> {
  const options = { headers: { 'x-mock-fail': 'garbage' } };
  await fails(context.client.chat.completions.create(ask(context), options), OpenAI.InternalServerError, (error) =>
    assert.equal(error.status, 502),
  );
}

/** Takes a second, so it is for one provider. */
export const RETRY_OPERATION: SdkOperation<OpenAI> = { name: 'retry after 429', run: retries };

/** What goes wrong at a provider, as the SDK's error classes tell it. */
export const ERROR_OPERATIONS: readonly SdkOperation<OpenAI>[] = [
  { name: 'error 400', run: badRequest },
  { name: 'error 401', run: authentication },
  { name: 'error 404', run: notFound },
  { name: 'error 429', run: rateLimit },
  { name: 'error 500', run: serverError },
  { name: 'error in a stream', run: errorInStream },
  { name: 'stream cut off', run: cutStream },
  { name: 'garbage', run: garbage },
];
