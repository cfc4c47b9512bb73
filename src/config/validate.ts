import { explainIssues, schemaMessages, valueAt } from './explain.ts';
import { type ConfigIssue, placeIssue, type UnplacedIssue } from './issue.ts';
import { type GatewayConfig, gatewayConfig } from './model.ts';
import type { SourceDocument } from './yaml-documents.ts';

/** A validated value; `config` is absent when there are issues, all of them errors. */
export interface Validated<Issue> {
  config?: GatewayConfig;
  issues: Issue[];
}

/** Runs the model over a value: defaults filled in, units converted, secrets wrapped, or what is wrong with it. */
export function validateValue(value: unknown): Validated<UnplacedIssue> {
  const result = gatewayConfig.safeParse(value, { error: schemaMessages });
  if (result.success) return { config: result.data, issues: [] };
  return { issues: explainIssues(result.error.issues, { schema: gatewayConfig, value }) };
}

/** Runs the model over a document; each issue shows the line and column of the value, or the key, at fault. */
export function validateDocument(document: SourceDocument): Validated<ConfigIssue> {
  const { config, issues } = validateValue(document.value);
  if (config !== undefined) return { config, issues: [] };
  return {
    issues: issues.map((issue) =>
      placeIssue(asWritten(issue, document), { file: document.file, ...document.locate(issue.path, issue.part) }),
    ),
  };
}

/** A message shows `${VAR}` as it was written, not the variable's value: it may be a misplaced secret. */
function asWritten(issue: UnplacedIssue, document: SourceDocument): UnplacedIssue {
  const value = valueAt(document.value, issue.path);
  const written = document.written?.(issue.path);
  if (written === undefined || value === undefined || written === value || String(value) === '') return issue;
  const quoted = JSON.stringify(String(value)).slice(1, -1);
  const restore = (text: string) => text.replaceAll(String(value), written).replaceAll(quoted, written);
  return { ...issue, message: restore(issue.message), ...(issue.fix === undefined ? {} : { fix: restore(issue.fix) }) };
}
