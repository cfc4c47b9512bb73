import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anthropic } from '../anthropic/dialect.ts';
import { bedrockConverse } from '../bedrock-converse/dialect.ts';
import { cohereChat } from '../cohere-chat/dialect.ts';
import type { Dialect } from '../dialect.ts';
import { gemini } from '../gemini/dialect.ts';
import type { DialectName } from '../names.ts';
import { ollamaChat, ollamaGenerate } from '../ollama-chat/dialect.ts';
import { answerContext, providerContext, sidesOf } from '../openai/support.test.ts';
import { openaiChat } from '../openai-chat/dialect.ts';
import { openaiResponses } from '../openai-responses/dialect.ts';
import { tgi } from '../tgi/dialect.ts';
import { TOKEN_MARK } from './opaque-token.ts';
import type { NeutralPart } from './request.ts';
import type { NeutralEvent, NeutralResponse } from './response.ts';

/** Those that show tokens of thoughts and web pages, and those that do neither. */
const RICH: readonly Dialect[] = [openaiChat, openaiResponses, anthropic, bedrockConverse, gemini, cohereChat];
const PLAIN: readonly Dialect[] = [ollamaChat, ollamaGenerate, tgi];
const CLIENTS: readonly Dialect[] = [...RICH, ...PLAIN];
/** An API that no client here speaks. */
const WIDE: DialectName = 'vllm-tokenize';

/** What a client gets, as text in which marked tokens are laid open, and what it is told. */
interface Seen {
  shown: string;
  warnings: string;
}

function clientOf({ name, client }: Dialect): NonNullable<Dialect['client']> {
  if (client === undefined) throw new Error(`${name} has no clients`);
  return client;
}

function laidOpen(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('utf8');
  const tokens = [...text.matchAll(new RegExp(`${TOKEN_MARK}[A-Za-z0-9+/]*=*`, 'g'))];
  return [text, ...tokens.map(([token]) => Buffer.from(token, 'base64').toString('utf8'))].join('\n');
}

function whole(client: Dialect, response: Partial<NeutralResponse>, parts: NeutralPart[], provider = WIDE): Seen {
  const context = answerContext({ providerDialect: provider });
  const candidates = response.candidates ?? [{ index: 0, content: parts, finishReason: 'stop' as const }];
  const body = clientOf(client).encodeResponse({ id: 'a', model: 'm', ...response, candidates }, context);
  return { shown: laidOpen(Buffer.from(JSON.stringify(body))), warnings: context.warnings.join('\n') };
}

function streamed(client: Dialect, events: NeutralEvent[], provider = WIDE): Seen {
  const context = answerContext({ providerDialect: provider });
  const encoder = clientOf(client).createStreamEncoder(context);
  const all: NeutralEvent[] = [
    { type: 'start', id: 'a', model: 'm' },
    ...events,
    { type: 'finish', candidate: 0, finishReason: 'stop' },
    { type: 'end' },
  ];
  const written = all.map((event) => Buffer.from(encoder.push(event)));
  return { shown: laidOpen(Buffer.concat(written)), warnings: context.warnings.join('\n') };
}

function assertShownOrTold({ shown, warnings }: Seen, what: string, told: RegExp, place: string): void {
  assert.ok(shown.includes(what) || told.test(warnings), `${place}: ${what} is lost in silence; warnings: ${warnings}`);
}

const at = { candidate: 0, block: 0 } as const;

/** A text on a web page, as each provider's API says so in a whole answer. */
const CITED: [Dialect, object][] = [
  [
    openaiChat,
    {
      choices: [
        {
          message: {
            content: 'So.',
            annotations: [{ type: 'url_citation', url_citation: { url: 'https://p.test', title: 'P' } }],
          },
        },
      ],
    },
  ],
  [
    openaiResponses,
    {
      output: [
        {
          type: 'message',
          content: [
            {
              type: 'output_text',
              text: 'So.',
              annotations: [{ type: 'url_citation', url: 'https://p.test', title: 'P', start_index: 0, end_index: 2 }],
            },
          ],
        },
      ],
    },
  ],
  [
    anthropic,
    {
      content: [
        {
          type: 'text',
          text: 'So.',
          citations: [{ type: 'web_search_result_location', url: 'https://p.test', title: 'P', cited_text: 'c' }],
        },
      ],
    },
  ],
  [
    bedrockConverse,
    {
      output: {
        message: {
          content: [
            {
              citationsContent: {
                content: [{ text: 'So.' }],
                citations: [{ title: 'P', location: { web: { url: 'https://p.test' } } }],
              },
            },
          ],
        },
      },
    },
  ],
  [
    gemini,
    {
      candidates: [
        {
          content: { parts: [{ text: 'So.' }] },
          finishReason: 'STOP',
          groundingMetadata: { groundingChunks: [{ web: { uri: 'https://p.test', title: 'P' } }] },
        },
      ],
    },
  ],
  [
    cohereChat,
    {
      finish_reason: 'COMPLETE',
      message: {
        content: [{ type: 'text', text: 'So.' }],
        citations: [
          {
            start: 0,
            end: 2,
            text: 'So',
            sources: [{ type: 'document', id: 'd', document: { url: 'https://p.test', title: 'P' } }],
          },
        ],
      },
    },
  ],
];

test('a cited web page of any provider is shown to any client, or named as lost', () => {
  for (const [provider, answer] of CITED) {
    const read = sidesOf(provider).provider.decodeResponse(JSON.parse(JSON.stringify(answer)), providerContext());
    const text = read.candidates[0]?.content.find((part) => part.type === 'text');
    assert.equal(text?.type === 'text' && text.citations?.[0]?.url, 'https://p.test', provider.name);
    for (const client of CLIENTS) {
      const place = `${provider.name} to ${client.name}`;
      const seen = whole(client, read, [], provider.name);
      assertShownOrTold(seen, 'https://p.test', /Citations in the answer were left out/, place);
      if (text?.type !== 'text' || client === provider) continue;
      const { origin, citations } = text;
      const end: NeutralEvent = { type: 'text-end', ...at };
      if (origin !== undefined) end.origin = origin;
      if (citations !== undefined) end.citations = citations;
      const events: NeutralEvent[] = [{ type: 'text-start', ...at }, { type: 'text-delta', ...at, text: 'So.' }, end];
      const stream = streamed(client, events, provider.name);
      assertShownOrTold(stream, 'https://p.test', /Citations in the answer were left out/, `${place}, streamed`);
    }
  }
});

test('the Messages API and those of servers of models alone have no way to show a page that another API cites', () => {
  const citations = [{ url: 'https://p.test' }];
  for (const client of CLIENTS) {
    const { warnings } = whole(client, {}, [{ type: 'text', text: 'So.', citations }]);
    assert.equal(
      /Citations/.test(warnings),
      client === anthropic || PLAIN.includes(client),
      `${client.name}: ${warnings}`,
    );
  }
});

test('citations of documents are named as lost', () => {
  for (const client of CLIENTS) {
    const { warnings } = whole(client, {}, [{ type: 'text', text: 'So.', citations: [{ title: 'D' }] }]);
    assert.match(warnings, /Citations (?:in the answer|of other sources than web pages) were left out/, client.name);
  }
});

const IMAGE: NeutralPart = { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'SU1BR0U=' } };

test('pictures and sound in an answer are shown or named as lost, whole and streamed', () => {
  const audio: NeutralPart = { type: 'audio', source: { kind: 'base64', mediaType: 'audio/wav', data: 'U09VTkQ=' } };
  for (const client of CLIENTS) {
    for (const [part, data, told] of [
      [IMAGE, 'SU1BR0U=', /An image in the answer was left out/],
      [audio, 'U09VTkQ=', /An audio in the answer was left out/],
    ] as const) {
      assertShownOrTold(whole(client, {}, [part]), data, told, client.name);
      const event: NeutralEvent = { type: 'opaque', dialect: WIDE, ...at, value: {}, part };
      assertShownOrTold(streamed(client, [event]), data, told, `${client.name}, streamed`);
    }
  }
});

test('a picture in a streamed answer of Gemini has its neutral form', () => {
  const decoder = sidesOf(gemini).provider.createStreamDecoder(providerContext());
  const events: NeutralEvent[] = [];
  const parts = [{ inlineData: { mimeType: 'image/png', data: 'SU1BR0U=' } }];
  decoder.push({ event: '', data: JSON.stringify({ candidates: [{ content: { parts } }] }) }, (event) =>
    events.push(event),
  );
  const opaque = events.find((event) => event.type === 'opaque');
  assert.deepEqual(opaque?.type === 'opaque' && opaque.part, IMAGE);
  assert.match(streamed(bedrockConverse, events, 'gemini').shown, /SU1BR0U=/);
});

test('tokens of thoughts and calls reach the client marked with their maker, or are named as lost', () => {
  const lost =
    /token for its thoughts was left out|signature of a tool call was left out|A (?:thought|tool call) in the answer was left out/;
  const call: NeutralPart = { type: 'tool-call', id: 'c', name: 'f', arguments: '{}', signature: 'Q0FMTA==' };
  const thought: NeutralPart = { type: 'reasoning', text: 'hm', signature: 'VEhPVUdIVA==' };
  for (const client of CLIENTS) {
    if (client === gemini) continue;
    assertShownOrTold(whole(client, {}, [thought], 'gemini'), 'VEhPVUdIVA==', lost, client.name);
    assertShownOrTold(whole(client, {}, [call], 'gemini'), 'Q0FMTA==', lost, client.name);
    const events: NeutralEvent[] = [
      { type: 'reasoning-start', ...at },
      { type: 'reasoning-delta', ...at, text: 'hm' },
      { type: 'reasoning-end', ...at, signature: 'VEhPVUdIVA==' },
      { type: 'tool-call-start', candidate: 0, block: 1, id: 'c', name: 'f', signature: 'Q0FMTA==' },
      { type: 'tool-call-delta', candidate: 0, block: 1, arguments: '{}' },
      { type: 'tool-call-end', candidate: 0, block: 1 },
    ];
    const seen = streamed(client, events, 'gemini');
    assertShownOrTold(seen, 'VEhPVUdIVA==', lost, `${client.name}, streamed`);
    assertShownOrTold(seen, 'Q0FMTA==', lost, `${client.name}, streamed`);
  }
});

test('a call signature has a place for a client with thinking on, and is named as lost without', () => {
  const call: NeutralPart = { type: 'tool-call', id: 'c', name: 'f', arguments: '{}', signature: 'Q0FMTA==' };
  for (const client of [anthropic, bedrockConverse]) {
    const { shown, warnings } = whole(client, {}, [call], 'gemini');
    assert.equal(shown.includes('Q0FMTA=='), false, client.name);
    assert.match(warnings, /signature of a tool call was left out: it has a place only while thinking is on/);
    const request = { model: 'm', stream: false, messages: [], tools: [], reasoning: { enabled: true } };
    const context = answerContext({ providerDialect: 'gemini', request });
    const candidates = [{ index: 0, content: [call], finishReason: 'tool-calls' as const }];
    const body = sidesOf(client).client.encodeResponse({ id: 'a', model: 'm', candidates }, context);
    assert.match(laidOpen(Buffer.from(JSON.stringify(body))), /aigw-token:call:gemini:Q0FMTA==/, client.name);
    assert.deepEqual(context.warnings, []);
  }
});

test('blocks and fields that one API alone knows are named, bookkeeping is not', () => {
  for (const client of CLIENTS) {
    const block: NeutralPart = { type: 'opaque', dialect: WIDE, value: { type: 'novel_block' } };
    assert.match(whole(client, {}, [block]).warnings, /only the vllm-tokenize API knows \(novel_block\)/, client.name);
    const event: NeutralEvent = { type: 'opaque', dialect: WIDE, ...at, value: { type: 'novel_block' } };
    assert.match(streamed(client, [event]).warnings, /only the vllm-tokenize API knows \(novel_block\)/, client.name);
    const told = whole(client, { extensions: { [WIDE]: { novel_field: 1 } } }, []).warnings;
    assert.match(told, /What only the vllm-tokenize API answers \('novel_field'\) was left out/, client.name);
  }
  const quiet = { 'openai-chat': { system_fingerprint: 'x' }, 'bedrock-converse': { metrics: {} } };
  assert.equal(whole(anthropic, { extensions: quiet }, []).warnings, '');
  const ratings: NeutralEvent = { type: 'opaque', dialect: 'gemini', ...at, value: { safetyRatings: [] } };
  assert.equal(streamed(anthropic, [ratings]).warnings, '');
  const trace = { 'bedrock-converse': { trace: { guardrail: {} } } };
  assert.match(whole(anthropic, { extensions: trace }, []).warnings, /\('trace'\) was left out/);
});

test('a finish that the client has no word for is named, as are answers beyond the first', () => {
  const content: NeutralPart[] = [{ type: 'text', text: 'x' }];
  const candidate = { index: 0, content, finishReason: 'other' as const, rawFinishReason: 'MALFORMED_RESPONSE' };
  for (const client of CLIENTS) {
    if (client === gemini) continue;
    const odd = whole(client, { candidates: [candidate] }, []).warnings;
    assert.match(odd, /The finish reason 'MALFORMED_RESPONSE' was sent as '/, client.name);
    const two = [
      { ...candidate, finishReason: 'stop' as const },
      { ...candidate, index: 1 },
    ];
    const more = whole(client, { candidates: two }, []).warnings;
    assert.equal(/Only the first of several answers/.test(more), client !== openaiChat, client.name);
  }
});

test('an answer that a filter ended says so, or the client is told', () => {
  const candidates = [{ index: 0, content: [], finishReason: 'content-filter' as const, rawFinishReason: 'SAFETY' }];
  for (const client of CLIENTS) {
    const { warnings } = whole(client, { candidates }, []);
    assert.equal(/The finish reason 'SAFETY' was sent as '(?:stop|eos_token)'/.test(warnings), PLAIN.includes(client));
  }
});

test('log probabilities are shown or named as lost', () => {
  const logprobs = { content: [{ token: 'x', logprob: -0.25, top_logprobs: [] }] };
  const content: NeutralPart[] = [{ type: 'text', text: 'x' }];
  const candidates = [{ index: 0, content, finishReason: 'stop' as const, logprobs }];
  for (const client of CLIENTS) {
    assertShownOrTold(whole(client, { candidates }, []), '-0.25', /log probabilities were left out/, client.name);
    const delta: NeutralEvent = { type: 'text-delta', ...at, text: 'x', logprobs };
    assertShownOrTold(streamed(client, [delta]), '-0.25', /log probabilities were left out/, client.name);
  }
});

test('what a provider writes stands in a warning as printable words of bounded length', () => {
  const type = `\u0000${'é'.repeat(500)}`;
  const { warnings } = whole(openaiChat, {}, [{ type: 'opaque', dialect: WIDE, value: { type } }]);
  assert.match(warnings, /^[\x20-\x7e]{1,200}$/);
});
