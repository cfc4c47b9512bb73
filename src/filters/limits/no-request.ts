import type { LimitAmounts, LimitView } from './limit.ts';

/** A request that nothing is known of: for counters that no request is needed to find. */
export const NO_REQUEST: LimitView = Object.freeze({
  organization: undefined,
  team: undefined,
  user: undefined,
  key: undefined,
  endUser: undefined,
  claims: undefined,
  model: undefined,
  sentModel: undefined,
  operation: '',
  method: '',
  path: '',
  service: '',
  route: '',
  cluster: '',
  ip: '',
  header: () => undefined,
});

/** Nothing used: what counters are looked at with, and what limits that count requests alone reserve with. */
export const NO_AMOUNTS: LimitAmounts = Object.freeze({
  inputTokens: 0,
  outputTokens: 0,
  cachedInputTokens: 0,
  cacheCreationInputTokens: 0,
  reasoningTokens: 0,
  nanoUsd: 0,
  sentModel: '',
  cluster: '',
  route: '',
});
