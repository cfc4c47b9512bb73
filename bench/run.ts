import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  CANDIDATES,
  type Candidate,
  type CandidateEnvironment,
  type CandidateName,
  type StartOptions,
  startCandidate,
} from './candidates.ts';
import { type Children, createChildren } from './children.ts';
import { startLoad, startProvider } from './load-client.ts';
import { describeMachine, formatMachine, type Machine } from './machine.ts';
import { createMeters } from './measure.ts';
import { type BenchOptions, effortOf, parseOptions, USAGE } from './options.ts';
import { formatProfiles } from './profile.ts';
import { type FigureResult, formatResult, summarize, TABLE_HEAD } from './report.ts';
import type { RoundValues, Row, RowContext } from './rows/row.ts';
import { ROWS } from './rows/table.ts';

/** Seconds that a gateway needs to start; a profile begins before them. */
const START_SECONDS = 1;

function chooseRows(options: BenchOptions): readonly Row[] {
  const unknown = options.only.find((name) => !ROWS.some((row) => row.name === name));
  if (unknown !== undefined) {
    throw new Error(`--only ${unknown}: there is no such row; rows are ${ROWS.map((row) => row.name).join(', ')}`);
  }
  return options.only.length === 0 ? ROWS : ROWS.filter((row) => options.only.includes(row.name));
}

function chooseCandidates(options: BenchOptions, machine: Machine): CandidateName[] {
  if (options.gatewayOnly) return ['gateway'];
  return CANDIDATES.filter((name) => name !== 'envoy' || machine.envoy !== undefined);
}

function undiciVersion(): string {
  const file = new URL('../node_modules/undici/package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

async function runRow(row: Row, context: RowContext, options: BenchOptions): Promise<RoundValues[]> {
  const count = options.quick || options.profile || options.smoke ? 1 : (row.rounds ?? options.rounds);
  const rounds: RoundValues[] = [];
  for (let round = 0; round < count; round++) rounds.push(await row.round(context));
  return rounds;
}

/** Starts each kind of gateway once and hands it out again: for a smoke run, which does not care how worn a process is. */
function createReuse(environment: CandidateEnvironment): RowContext['start'] {
  const started = new Map<string, Promise<Candidate>>();
  return async (name, start = {}) => {
    const key = JSON.stringify([name, start]);
    let candidate = started.get(key);
    if (candidate === undefined) {
      candidate = startCandidate(environment, name, start);
      started.set(key, candidate);
    }
    // The end of the run stops it.
    return { ...(await candidate), stop: async () => undefined };
  };
}

/** Resolves to whether the gateway answered everything as it should. */
async function bench(options: BenchOptions, run: { children: Children; folder: string }): Promise<boolean> {
  const { children, folder } = run;
  const rows = chooseRows(options);
  const machine = describeMachine({ ...options, undici: undiciVersion() });
  if (!options.smoke) process.stdout.write(`${formatMachine(machine, options.envoyWorkers)}\n`);
  if (options.quick) process.stdout.write('Quick run: tiny counts, hardly warmed up; its figures mean little.\n\n');
  if (machine.envoy === undefined && !options.gatewayOnly) {
    process.stdout.write(
      `Envoy (${options.envoy}) cannot be run: its column stays empty. AIGW_ENVOY names another.\n\n`,
    );
  }
  const providerPort = await startProvider(children);
  const environment: CandidateEnvironment = { ...options, children, folder, providerPort };
  const load = startLoad(children);
  const meter = createMeters();
  const effort = effortOf(options);
  const reuse = createReuse(environment);
  const fresh = (profileFolder: string) => (name: CandidateName, start?: StartOptions) =>
    startCandidate(environment, name, { ...start, ...(options.profile ? { profileFolder } : {}) });
  const results: FigureResult[] = [];
  const measured: { row: string; rounds: RoundValues[] }[] = [];
  const problems: string[] = [];
  let failed = false;
  if (!options.smoke) process.stdout.write(`${TABLE_HEAD}\n`);
  for (const row of rows) {
    const profileFolder = join(folder, `profile-${row.name}`);
    mkdirSync(profileFolder);
    const context: RowContext = {
      effort,
      load,
      providerPort,
      meter,
      candidates: chooseCandidates(options, machine),
      start: options.smoke ? reuse : fresh(profileFolder),
      problem: (name, what) => {
        problems.push(`${row.name}, ${name}: ${what}`);
        // The others only set the scale: the bare proxy, for one, holds whole answers and may give up on long ones.
        failed ||= name === 'gateway';
      },
    };
    const rounds = await runRow(row, context, options);
    if (options.smoke) {
      process.stdout.write(`ran ${row.name}\n`);
      continue;
    }
    measured.push({ row: row.name, rounds });
    const figures = summarize(row, rounds);
    results.push(...figures);
    for (const figure of figures) process.stdout.write(`${formatResult(figure, options.raw)}\n`);
    if (options.profile) {
      const root = dirname(options.aigw);
      process.stdout.write(formatProfiles(profileFolder, { root, skipSeconds: START_SECONDS + effort.warmSeconds }));
    }
  }
  for (const problem of problems) process.stdout.write(`\nPROBLEM ${problem}\n`);
  if (options.json !== undefined) {
    writeFileSync(options.json, `${JSON.stringify({ machine, effort, results, measured, problems }, undefined, 2)}\n`);
  }
  return !failed;
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), process.env);
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const children = createChildren();
  const folder = mkdtempSync(join(tmpdir(), 'aigw-bench-'));
  const cleanUp = async () => {
    await children.stopAll();
    rmSync(folder, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void cleanUp().finally(() => process.exit(130)));
  }
  try {
    return (await bench(options, { children, folder })) ? 0 : 1;
  } finally {
    await cleanUp();
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
