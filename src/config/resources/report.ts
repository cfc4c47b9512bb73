import { type ConfigIssue, formatPath } from '../issue.ts';
import { type ResourceHead, type ResourcePath, resourceLabel } from './resource.ts';

/** What goes with an issue beside its message. */
export interface IssueDetail {
  /** What to write instead. */
  fix?: string | undefined;
  /** Whether the key at fault is to be shown, or its value (the default). */
  part?: 'key' | 'value';
}

/** Collects what is wrong, or doubtful, in resources. */
export interface Report {
  readonly issues: readonly ConfigIssue[];
  /** A fault that keeps the configuration from being used. */
  error(resource: ResourceHead, path: ResourcePath, message: string, detail?: IssueDetail): void;
  /** Something that is not acted on, or not as the author may think. */
  warning(resource: ResourceHead, path: ResourcePath, message: string, detail?: IssueDetail): void;
}

/** An empty report. Every issue's `path` names the object first: `Kind namespace/name: spec.field`. */
export function createReport(): Report {
  const issues: ConfigIssue[] = [];
  const add = (severity: ConfigIssue['severity']): Report['error'] => {
    return (resource, path, message, detail = {}) => {
      const place = resource.document.locate(path, detail.part);
      const field = formatPath(path);
      issues.push({
        file: resource.document.file,
        line: place.line,
        column: place.column,
        path: field === '' ? resourceLabel(resource) : `${resourceLabel(resource)}: ${field}`,
        message,
        ...(detail.fix === undefined ? {} : { fix: detail.fix }),
        severity,
      });
    };
  };
  return { issues, error: add('error'), warning: add('warning') };
}

/** A report that passes on each issue once, however often the same place is looked at. */
export function onceReport(report: Report): Report {
  const seen = new Set<string>();
  const once = (severity: ConfigIssue['severity']): Report['error'] => {
    return (resource, path, message, detail) => {
      const key = `${severity} ${resourceLabel(resource)} ${formatPath(path)} ${message}`;
      if (seen.has(key)) return;
      seen.add(key);
      report[severity](resource, path, message, detail);
    };
  };
  return { issues: report.issues, error: once('error'), warning: once('warning') };
}
