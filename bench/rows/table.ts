import { MODELS } from '../gateway-config.ts';
import { cpuRow } from './cpu-row.ts';
import { firstByteRow } from './first-byte.ts';
import { keyGrowthRow, routeGrowthRow, sizeGrowthRow } from './growth.ts';
import { largeBodyRow } from './large-body.ts';
import { openStreamsRow } from './open-streams.ts';
import type { Row } from './row.ts';
import { sharedCountersRow } from './shared-counters.ts';
import { slowReadersRow } from './slow-readers.ts';
import { startRow } from './start.ts';
import { translationGrowthRow } from './translation-growth.ts';

const CHAT = { api: 'openai', model: MODELS.openai, stream: false, bodyBytes: 1024 } as const;
const STREAM = { ...CHAT, stream: true, bodyBytes: 300 } as const;

/** Every row, in the order of the table. In the translated rows Envoy and the bare proxy carry the untranslated request. */
export const ROWS: readonly Row[] = [
  cpuRow({
    name: 'chat',
    title: 'Chat, same dialect, 1 KB',
    per: 'request',
    request: CHAT,
    target: { times: 1.25 },
  }),
  cpuRow({
    name: 'chat-ungoverned',
    title: 'Chat without keys, limits, budget and ledger',
    per: 'request',
    request: CHAT,
    start: { governance: false },
  }),
  cpuRow({
    name: 'chat-anthropic',
    title: 'Chat, OpenAI client to Anthropic provider, 1 KB',
    per: 'request',
    request: { ...CHAT, model: MODELS.anthropic },
    target: { times: 2.5 },
  }),
  cpuRow({
    name: 'sse',
    title: 'Stream of 51 events, same dialect',
    per: 'stream',
    request: STREAM,
    target: { times: 1.75 },
  }),
  // Events that come one by one cannot share a read or a write: the dearest way for a stream to arrive.
  cpuRow({
    name: 'sse-paced',
    title: 'Stream of 51 events, 5 ms between events, same dialect',
    per: 'stream',
    request: { ...STREAM, gapUs: 5_000 },
    connections: 100,
  }),
  cpuRow({
    name: 'sse-anthropic',
    title: 'Stream of 51 events, OpenAI client to Anthropic provider',
    per: 'stream',
    request: { ...STREAM, model: MODELS.anthropic },
    target: { times: 4 },
  }),
  cpuRow({
    name: 'sse-bedrock',
    title: 'Stream of 51 events, OpenAI client to Bedrock Converse',
    per: 'stream',
    request: { ...STREAM, model: MODELS.bedrock },
    target: { times: 4 },
  }),
  cpuRow({
    name: 'sse-gemini',
    title: 'Stream of 51 events, OpenAI client to Gemini',
    per: 'stream',
    request: { ...STREAM, model: MODELS.gemini },
    target: { times: 4 },
  }),
  largeBodyRow,
  firstByteRow,
  openStreamsRow,
  slowReadersRow,
  startRow,
  routeGrowthRow,
  keyGrowthRow,
  sizeGrowthRow,
  sharedCountersRow,
  translationGrowthRow({
    name: 'growth-openai-anthropic',
    title: 'OpenAI client to Anthropic provider',
    api: 'openai',
    provider: 'anthropic',
  }),
  translationGrowthRow({
    name: 'growth-openai-gemini',
    title: 'OpenAI client to Gemini',
    api: 'openai',
    provider: 'gemini',
  }),
  translationGrowthRow({
    name: 'growth-anthropic-openai',
    title: 'Anthropic client to OpenAI provider',
    api: 'anthropic',
    provider: 'openai',
  }),
];
