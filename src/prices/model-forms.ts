/** Longer names are no model's. */
const MAX_MODEL_NAME = 256;

/** Paths in which Google, AWS and Fireworks wrap a model's name. */
const WRAPPING = /^(?:(?:.*\/)?models\/|arn:aws[a-z-]*:[^/]*\/)/;
const BEDROCK_GEOGRAPHY = /^(us-gov|us|eu|apac|ap|jp|au|ca|in|global)\./;
/** `-v1:0`, `-v2`, `-1:0`, with a context length such as `:200k` behind it. */
const BEDROCK_VERSION = /-(?:v\d+(?::\d+)?|\d+:\d+)(?::\d+k)?$/;
const VERTEX_VERSION = /@[a-z0-9.-]+$/;
const DAY = /-20\d\d(-?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])$/;
const GOOGLE_VERSION = /-00\d$/;
const LATEST = /-latest$/;

/**
 * The names under which a model may stand in a table, the most exact first, in lower case: as it is, then without path,
 * geography, version, date and `-latest`, one after the other. A fine-tuned model (`ft:BASE:ORG::ID`) keeps its `ft:`: it
 * never costs what its base does. Empty for what cannot be a model's name.
 */
export function modelForms(provider: string, model: string): readonly string[] {
  if (model === '' || model.length > MAX_MODEL_NAME) return [];
  const forms = [model.toLowerCase()];
  let form = forms[0] as string;
  const next = (changed: string) => {
    if (changed !== form && changed !== '') forms.push(changed);
    form = changed === '' ? form : changed;
  };
  if (form.startsWith('ft:')) next(`ft:${form.split(':')[1] ?? ''}`);
  next(form.replace(WRAPPING, ''));
  if (provider.startsWith('aws-')) {
    next(form.replace(BEDROCK_GEOGRAPHY, ''));
    next(form.replace(BEDROCK_VERSION, ''));
  } else if (provider.startsWith('gcp-') || provider === 'google') {
    next(form.replace(VERTEX_VERSION, ''));
    next(form.replace(GOOGLE_VERSION, ''));
    if (provider === 'gcp-anthropic') next(form.replace(BEDROCK_VERSION, ''));
  } else if (provider === 'azure-openai') {
    // Azure writes no dots into this family's name.
    next(form.replace('gpt-35-', 'gpt-3.5-'));
  }
  next(form.replace(DAY, ''));
  next(form.replace(LATEST, ''));
  return forms;
}

const REGION_GEOGRAPHIES: readonly (readonly [string, string])[] = [
  ['us-gov', 'us-gov'],
  ['us', 'us'],
  ['eu', 'eu'],
  ['ap-', 'apac'],
  ['asia', 'apac'],
];

/**
 * The geography a request is served in: that of a Bedrock inference profile's name, else that of the cluster's region
 * (`us-east-1` is in `us`, `europe-west4` in `eu`), else the region itself; empty when nothing tells.
 */
export function geographyOf(provider: string, model: string, region: string): string {
  if (provider.startsWith('aws-')) {
    const profile = BEDROCK_GEOGRAPHY.exec(model.toLowerCase().replace(WRAPPING, ''))?.[1];
    if (profile !== undefined) return profile === 'ap' ? 'apac' : profile;
  }
  return REGION_GEOGRAPHIES.find(([start]) => region.startsWith(start))?.[1] ?? region;
}
