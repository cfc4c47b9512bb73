import { readFileSync } from 'node:fs';
import { formatIssue } from '../config/issue.ts';
import type { LoadedConfig } from '../config/load.ts';
import { type Explanation, explainRequest } from '../exchange/explain.ts';
import { compileSnapshot } from '../snapshot/compile.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { ExitError } from './exit-error.ts';
import { parseRequest, type RequestOptions } from './explain-request.ts';
import { type ConfigArguments, loadOrExit } from './load.ts';

/** Flags of `aigw explain`. */
export interface ExplainOptions extends ConfigArguments, RequestOptions {
  format: 'text' | 'json';
}

const STANDARD_INPUT = 0;

function readRequest(file: string): string {
  try {
    return readFileSync(file === '-' ? STANDARD_INPUT : file, 'utf8');
  } catch (error) {
    throw new ExitError(2, `${file} cannot be read: ${(error as Error).message}`);
  }
}

function compile(loaded: LoadedConfig): Snapshot {
  try {
    return compileSnapshot(loaded.config, { revision: 0, hash: loaded.hash });
  } catch (error) {
    throw new ExitError(2, error instanceof Error ? error.message : String(error));
  }
}

function asText({ refusal, sections }: Explanation): string {
  const outcome = refusal === undefined ? 'served' : `refused: ${refusal.status} ${refusal.code}: ${refusal.message}`;
  const parts = sections.map(({ title, lines }) => `${title}\n${lines.map((line) => `  ${line}\n`).join('')}`);
  return [`${outcome}\n`, ...parts].join('\n');
}

function asJson({ refusal, sections }: Explanation): string {
  const outcome = refusal === undefined ? { served: true } : { served: false, ...refusal };
  const data = Object.fromEntries(sections.map((section) => [section.name, section.data]));
  return `${JSON.stringify({ outcome, ...data }, null, 2)}\n`;
}

/**
 * `aigw explain`: says what would become of a request, and why, without sending it anywhere. A request that would be refused
 * is explained too: exit status 0.
 */
export async function explain(path: string, requestFile: string, options: ExplainOptions): Promise<void> {
  const loaded = loadOrExit(path, options);
  for (const warning of loaded.warnings) process.stderr.write(`${formatIssue(warning)}\n`);
  const request = parseRequest(readRequest(requestFile), options);
  const names = loaded.config.listeners.map((listener) => listener.name ?? '');
  if (request.listener !== '' && !names.includes(request.listener)) {
    throw new ExitError(2, `there is no listener "${request.listener}"; there are ${names.join(', ') || 'none'}`);
  }
  const listener = request.listener === '' ? (names[0] ?? '') : request.listener;
  const explanation = await explainRequest(compile(loaded), { ...request, listener });
  process.stdout.write(options.format === 'json' ? asJson(explanation) : asText(explanation));
}
