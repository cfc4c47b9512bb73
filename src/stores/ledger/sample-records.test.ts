import { noTokens, noUnits, type UsageRecord } from './usage-record.ts';

/** A plain request of one hour's usage for tests and measurements, with what is given changed. */
export function sampleRecord(id: string, change: Partial<UsageRecord> = {}): UsageRecord {
  return {
    id,
    kind: 'request',
    requestId: id,
    timeMs: 0,
    service: 'default',
    route: 'route-0',
    cluster: 'cluster-0',
    provider: 'openai',
    requestedModel: 'small',
    sentModel: 'gpt-4o-mini',
    answeredModel: 'gpt-4o-mini-2024-07-18',
    organization: 'org-0',
    team: 'team-0',
    user: 'user-0',
    keyId: 'key-0',
    keyName: 'laptop',
    endUser: '',
    operation: 'chat',
    clientDialect: 'openai-chat',
    stream: false,
    status: 200,
    errorCode: '',
    attempts: 1,
    durationMs: 250,
    timeToFirstTokenMs: null,
    tokens: { ...noTokens(), input: 10, output: 5 },
    units: noUnits(),
    costNanoUsd: 4500,
    priced: 'table',
    estimated: false,
    tags: {},
    ...change,
  };
}

/** `count` different records spread over `spanMs` from `fromMs`; the same for the same arguments. */
export function sampleRecords(count: number, fromMs: number, spanMs: number, prefix = 'r'): UsageRecord[] {
  return Array.from({ length: count }, (_, index) => {
    const mixed = (index * 2_654_435_761) % 4_294_967_296;
    const of = (divisor: number, shift: number) => Math.floor(mixed / 2 ** shift) % divisor;
    const id = `${prefix}-${index}`;
    const kind = of(10, 3) === 0 ? 'attempt' : 'request';
    const status = of(9, 7) === 0 ? 429 : of(31, 9) === 0 ? 502 : 200;
    return sampleRecord(id, {
      kind,
      requestId: kind === 'attempt' ? `${id}-request` : id,
      timeMs: fromMs + (mixed % spanMs),
      route: `route-${of(4, 5)}`,
      cluster: `cluster-${of(3, 6)}`,
      provider: ['openai', 'anthropic', 'aws.bedrock'][of(3, 6)] ?? '',
      requestedModel: `model-${of(6, 4)}`,
      sentModel: status === 429 ? '' : `sent-${of(6, 4)}`,
      organization: `org-${of(4, 8)}`,
      team: `team-${of(7, 8)}`,
      user: `user-${of(20, 8)}`,
      keyId: `key-${of(20, 8)}`,
      endUser: of(3, 10) === 0 ? `end-${of(30, 11)}` : '',
      operation: ['chat', 'embeddings', 'messages'][of(3, 12)] ?? '',
      stream: of(2, 13) === 0,
      status,
      errorCode: status === 502 ? 'provider_unreachable' : '',
      attempts: kind === 'attempt' ? 0 : 1 + of(2, 14),
      durationMs: of(5000, 4),
      timeToFirstTokenMs: of(2, 13) === 0 ? of(900, 5) : null,
      tokens: {
        ...noTokens(),
        input: of(2000, 3),
        cacheRead: of(500, 4),
        output: of(800, 5),
        reasoning: of(100, 5),
        outputImage: of(3, 15),
      },
      units: { ...noUnits(), seconds: of(8, 4) / 4, searchUnits: of(2, 9) },
      costNanoUsd: of(11, 6) === 0 ? null : of(1_000_000, 2),
      priced: of(11, 6) === 0 ? 'unknown' : 'table',
      estimated: of(13, 7) === 0,
      tags: of(5, 9) === 0 ? { cost_center: `c-${of(3, 10)}` } : {},
    });
  });
}
