import { Composer, type Document, Lexer, LineCounter, type ParsedNode, Parser, type YAMLError } from 'yaml';
import type { ConfigIssue } from './issue.ts';

/** Longest text taken as one source, in characters. */
export const MAX_SOURCE_CHARACTERS = 8 * 1024 * 1024;
/** Deepest nesting of lists and maps. */
export const MAX_DEPTH = 64;

/** A document's syntax tree. */
export type YamlTree = Document.Parsed<ParsedNode>;

/** A text as syntax trees. `issues` holds errors: then the trees must not be used. */
export interface ParsedYaml {
  trees: YamlTree[];
  lines: LineCounter;
  issues: ConfigIssue[];
}

/**
 * Parses a stream of YAML 1.2 documents; JSON is one of them. Duplicate keys are errors, merge keys (`<<`)
 * are not expanded. Never throws: what is wrong comes back as issues with their places.
 */
export function parseYaml(file: string, text: string): ParsedYaml {
  const lines = new LineCounter();
  const issues: ConfigIssue[] = [];
  const report = (offset: number, severity: ConfigIssue['severity'], problem: { message: string; fix?: string }) => {
    const { line, col } = lines.linePos(offset);
    issues.push({ file, line, column: col, path: '', ...problem, severity });
  };
  lines.addNewLine(0);
  if (text.length > MAX_SOURCE_CHARACTERS) {
    report(0, 'error', { message: 'is larger than 8 MiB', fix: 'split it into several files' });
    return { trees: [], lines, issues };
  }
  const composer = new Composer({ merge: false, uniqueKeys: true, prettyErrors: false, stringKeys: false });
  const parser = new Parser(lines.addNewLine);
  const tokens = [];
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    // The composer recurses: without a bound, a hostile text overflows the stack.
    if (parser.stack.length > MAX_DEPTH) {
      report(parser.offset, 'error', { message: `is nested deeper than ${MAX_DEPTH} levels` });
      return { trees: [], lines, issues };
    }
  }
  for (const token of parser.end()) tokens.push(token);

  const trees: YamlTree[] = [];
  for (const tree of composer.compose(tokens)) {
    // One mistake makes the parser report every token after it: only the first one helps.
    const error = tree.errors[0];
    if (error !== undefined) report(error.pos[0], 'error', describe(error, text));
    for (const warning of tree.warnings) report(warning.pos[0], 'error', describe(warning, text));
    trees.push(tree);
  }
  return { trees, lines, issues };
}

/** The parser's words are kept where they say enough. */
function describe(error: YAMLError, text: string): { message: string; fix?: string } {
  const start = text.lastIndexOf('\n', error.pos[0] - 1) + 1;
  const end = text.indexOf('\n', error.pos[0]);
  const line = text.slice(start, end < 0 ? undefined : end);
  switch (error.code) {
    case 'DUPLICATE_KEY':
      return { message: 'this key is written twice in the same map', fix: 'keep one of them' };
    case 'TAG_RESOLVE_FAILED':
      return { message: 'YAML tags are not supported', fix: 'write the plain value' };
    case 'TAB_AS_INDENT':
      return { message: 'is indented with a tab', fix: 'use spaces' };
    default:
      return {
        message: `is not valid YAML: ${error.message}`,
        ...(/(^|[^"'])\$\{/.test(line) ? { fix: 'inside { } and [ ] write "${VAR}" in quotes' } : {}),
      };
  }
}
