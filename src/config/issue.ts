/** One thing wrong, or doubtful, in a configuration. */
export interface ConfigIssue {
  /** The source's name, as given to the loader; `environment` for what comes from variables. */
  file: string;
  /** Line in the file, from 1; 0 when the issue has no place in a text. */
  line: number;
  /** Column in the line, from 1; 0 when the issue has no place in a text. */
  column: number;
  /** The field, as `virtual_services[0].name`; empty for the document as a whole. */
  path: string;
  /** What is wrong. Never holds a secret's value. */
  message: string;
  /** What to write instead. */
  fix?: string;
  /** An error keeps the configuration from being used; a warning does not. */
  severity: 'error' | 'warning';
}

/** Keys and list positions from a document's root to one of its nodes. */
export type ConfigPath = readonly (string | number)[];

/** An issue before it is known where its path stands in which file. */
export interface UnplacedIssue {
  path: ConfigPath;
  message: string;
  fix?: string;
  severity: ConfigIssue['severity'];
  /** Whether the key at fault is to be shown, or its value (the default). */
  part?: 'key' | 'value';
}

/** Where a path stands. */
export interface ConfigPlace {
  file: string;
  line: number;
  column: number;
}

const BARE_KEY = /^[A-Za-z0-9_-]+$/;

/** A path as people read it: `a.b[0]["c.d"]`. */
export function formatPath(path: ConfigPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (BARE_KEY.test(step)) text += text === '' ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

/** One line for people and editors: `aigw.yaml:12:7: path: message; fix`. */
export function formatIssue(issue: ConfigIssue): string {
  const place = issue.line > 0 ? `${issue.file}:${issue.line}:${issue.column}` : issue.file;
  const severity = issue.severity === 'warning' ? 'warning: ' : '';
  const path = issue.path === '' ? '' : `${issue.path}: `;
  const fix = issue.fix === undefined ? '' : `; ${issue.fix}`;
  return `${place}: ${severity}${path}${issue.message}${fix}`;
}

/** Gives an issue its place. */
export function placeIssue(issue: UnplacedIssue, place: ConfigPlace): ConfigIssue {
  return {
    ...place,
    path: formatPath(issue.path),
    message: issue.message,
    ...(issue.fix === undefined ? {} : { fix: issue.fix }),
    severity: issue.severity,
  };
}

/** Issues by file, then by place in it. */
export function sortIssues(issues: readonly ConfigIssue[]): ConfigIssue[] {
  return issues.toSorted(
    (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
  );
}

/** Thrown when a configuration cannot be used. The message lists every issue, one a line. */
export class ConfigError extends Error {
  readonly issues: readonly ConfigIssue[];

  constructor(issues: readonly ConfigIssue[]) {
    super(issues.map(formatIssue).join('\n'));
    this.name = 'ConfigError';
    this.issues = issues;
  }
}
