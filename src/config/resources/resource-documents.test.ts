import { readFileSync } from 'node:fs';
import { formatIssue } from '../issue.ts';
import { parseDocuments, type SourceDocument } from '../yaml-documents.ts';
import { configFromResources } from './load-resources.ts';
import type { SecretSources } from './secrets.ts';

/** Documents of a YAML text, their values as written. For tests. */
export function documentsOf(text: string, file = 'test.yaml'): SourceDocument[] {
  const { documents, issues } = parseDocuments(file, text);
  if (issues.length > 0) throw new Error(issues.map(formatIssue).join('\n'));
  return documents.map((document) => document.read(({ text: value }) => ({ value, problems: [] })).document);
}

/** The text of a file in `testdata`. */
export function testdata(name: string): string {
  return readFileSync(new URL(`testdata/${name}`, import.meta.url), 'utf8');
}

/** A world with the given variables and files and nothing else. */
export function sourcesOf(world: { env?: Record<string, string>; files?: Record<string, string> } = {}): SecretSources {
  return {
    env: world.env ?? {},
    homeDirectory: '/home/tester',
    readText(path) {
      const text = world.files?.[path];
      if (text === undefined) throw new Error('no such file');
      return text;
    },
  };
}

/** A configuration and its issues as lines without file and position. */
export function load(text: string, sources: SecretSources = sourcesOf()) {
  const { config, issues } = configFromResources(documentsOf(text), sources);
  const lines = (severity: 'error' | 'warning') =>
    issues
      .filter((issue) => issue.severity === severity)
      .map((issue) => formatIssue({ ...issue, line: 0, file: '' }).replace(/^: (warning: )?/, ''));
  return { config, issues, errors: lines('error'), warnings: lines('warning') };
}
