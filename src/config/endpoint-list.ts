import { url } from './model-scalars.ts';
import { parseYaml } from './yaml-parse.ts';

/** Most endpoints of one cluster. */
export const MAX_ENDPOINTS = 1000;

/** Base URLs, or what is wrong with them: one line for each fault, for people. */
export type EndpointList = { urls: string[]; problems?: undefined } | { urls?: undefined; problems: string[] };

/** Holds base URLs to the rules that `endpoint` of a cluster has; those written twice count once. `placeOf` names one of them. */
export function checkBaseUrls(values: readonly unknown[], placeOf: (index: number) => string): EndpointList {
  if (values.length > MAX_ENDPOINTS) return { problems: [`there are more than ${MAX_ENDPOINTS} endpoints`] };
  const urls = new Set<string>();
  const problems: string[] = [];
  for (const [index, value] of values.entries()) {
    const result = typeof value === 'string' ? url.safeParse(value) : undefined;
    if (result?.success === true) urls.add(result.data);
    else
      problems.push(
        `${placeOf(index)}: ${result?.error?.issues[0]?.message ?? 'must be a text, such as "http://10.0.0.7:8000"'}`,
      );
  }
  return problems.length > 0 ? { problems } : { urls: [...urls] };
}

/**
 * Reads a list of endpoints: base URLs one per line, where `#` begins a comment, or one YAML or JSON list of them. A text
 * without any is refused, for it may be half written; `[]` says that there are none. Throws Error with every fault and its place.
 */
export function parseEndpointList(file: string, text: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.replace(/(^|\s)#.*$/, '').trim());
  const first = lines.find((line) => line !== '');
  if (first === undefined) throw new Error(`${file} names no endpoint; write [] if there are none`);
  const isList = first === '-' || first.startsWith('- ') || first.startsWith('[') || first === '---';
  const list = isList ? readYamlList(file, text) : readLines(file, lines);
  if (list.problems !== undefined) throw new Error(list.problems.join('; '));
  return list.urls;
}

function readLines(file: string, lines: readonly string[]): EndpointList {
  const written = lines.flatMap((text, index) => (text === '' ? [] : [{ text, line: index + 1 }]));
  return checkBaseUrls(
    written.map(({ text }) => text),
    (index) => `${file}:${written[index]?.line}`,
  );
}

function readYamlList(file: string, text: string): EndpointList {
  const { trees, issues } = parseYaml(file, text);
  if (issues.length > 0) {
    return { problems: issues.map((issue) => `${file}:${issue.line}:${issue.column}: ${issue.message}`) };
  }
  const value: unknown = trees.length === 1 ? trees[0]?.toJS() : undefined;
  if (!Array.isArray(value)) return { problems: [`${file}: must be one list of base URLs`] };
  return checkBaseUrls(value, (index) => `${file}: entry ${index + 1}`);
}
