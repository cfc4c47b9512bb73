/** What a Claude model takes, known from its name. */
export interface ModelTraits {
  /** Whether it thinks at all. */
  readonly thinking: boolean;
  /** Whether it takes `thinking: {type: "adaptive"}`. */
  readonly adaptive: boolean;
  /** Whether it takes no thinking budget and no sampling parameters. */
  readonly adaptiveOnly: boolean;
  /** The highest `output_config.effort`; absent: none. */
  readonly maxEffort: 'high' | 'max' | 'xhigh' | undefined;
  /** Whether it takes `output_config.format` and strict tools. */
  readonly structuredOutput: boolean;
  /** Whether `temperature` and `top_p` may not be given together. */
  readonly oneSamplingParameter: boolean;
  /** Whether Bedrock's Converse lets it be told to call one tool at a time. */
  readonly oneCallOnConverse: boolean;
}

// `claude-3-7-sonnet`, `claude-opus-4-6-v1`, `claude-sonnet-4@20250514`: one or two short numbers; a date has eight digits.
const VERSION = /claude-(?:[a-z]+-)*(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)/;

/** What a Claude model without a version in its name is taken for. */
const NEWEST = 9900;

/**
 * A model of another vendor behind this API: nothing is taken away from the request, and thinking is
 * asked for in the oldest form.
 */
const OTHER_VENDOR: ModelTraits = {
  thinking: true,
  adaptive: true,
  adaptiveOnly: false,
  maxEffort: undefined,
  structuredOutput: true,
  oneSamplingParameter: false,
  oneCallOnConverse: false,
};

/**
 * Traits by version, from Anthropic's pages on thinking, effort, structured outputs and the migration
 * guides: adaptive thinking and effort began with 4.6 (effort with Opus 4.5), budgets and sampling
 * parameters are refused from 4.7 on.
 */
export function modelTraits(model: string): ModelTraits {
  if (!model.includes('claude')) return OTHER_VENDOR;
  const found = VERSION.exec(model);
  const version = found === null ? NEWEST : Number(found[1]) * 100 + Number(found[2] ?? 0);
  const opus = model.includes('opus');
  const since45 = version >= 405 || (version === 401 && opus);
  return {
    thinking: version >= 307,
    adaptive: version >= 406,
    adaptiveOnly: version >= 407,
    maxEffort: version >= 407 ? 'xhigh' : version >= 406 ? 'max' : version === 405 && opus ? 'high' : undefined,
    structuredOutput: since45,
    oneSamplingParameter: since45,
    oneCallOnConverse: version >= 405,
  };
}
