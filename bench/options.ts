import { parseArgs } from 'node:util';
import type { Effort } from './rows/row.ts';

/** What the command line asks for. */
export interface BenchOptions {
  /** Names of rows; empty is all. */
  only: readonly string[];
  quick: boolean;
  /** Only whether every row runs and every answer is right: the gateway alone, a few requests, no figures. */
  smoke: boolean;
  rounds: number;
  raw: boolean;
  gatewayOnly: boolean;
  profile: boolean;
  /** Where to write all values as JSON. */
  json: string | undefined;
  /** Envoy's program. */
  envoy: string;
  /** Its workers; undefined: as many as it takes by itself. */
  envoyWorkers: number | undefined;
  /** The gateway's launcher. */
  aigw: string;
  help: boolean;
}

/** What `--help` prints. */
export const USAGE = `npm run bench -- [flags]

  --only ROW        only this row; may be given several times
  --rounds N        rounds of which the median is taken (3)
  --quick           tiny counts: shows that everything runs, the figures mean little
  --smoke           a few requests for each row, the gateway alone, no figures: shows in seconds that all answers are right
  --gateway-only    leave out Envoy and the bare proxy
  --envoy-workers N workers of Envoy (as many as it takes by itself: one for each processor)
  --raw             print the values of all rounds
  --json FILE       write all values to a file
  --profile         profile the gateway in the rows of --only and print where its time goes
  --aigw FILE       launcher of another checkout (./aigw of this one)

  AIGW_ENVOY names Envoy's program; the default is "envoy" on the PATH.
`;

/** Reads the command line. Throws an error that says what is wrong with it. */
export function parseOptions(args: readonly string[], env: NodeJS.ProcessEnv): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string', default: '3' },
      quick: { type: 'boolean', default: false },
      smoke: { type: 'boolean', default: false },
      raw: { type: 'boolean', default: false },
      'gateway-only': { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      json: { type: 'string' },
      'envoy-workers': { type: 'string' },
      aigw: { type: 'string', default: new URL('../aigw', import.meta.url).pathname },
      help: { type: 'boolean', default: false },
    },
  });
  const rounds = values.quick ? 1 : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds ${values.rounds} is not a positive number`);
  const envoyWorkers = values['envoy-workers'] === undefined ? undefined : Number(values['envoy-workers']);
  if (envoyWorkers !== undefined && !(Number.isInteger(envoyWorkers) && envoyWorkers > 0)) {
    throw new Error(`--envoy-workers ${values['envoy-workers']} is not a positive number`);
  }
  return {
    only: values.only,
    quick: values.quick,
    smoke: values.smoke,
    rounds,
    raw: values.raw,
    gatewayOnly: values['gateway-only'] || values.profile || values.smoke,
    profile: values.profile,
    json: values.json,
    envoy: env['AIGW_ENVOY'] ?? 'envoy',
    envoyWorkers,
    aigw: values.aigw,
    help: values.help,
  };
}

const FULL: Effort = {
  // On a busy machine it takes some seconds until what requests run through is compiled.
  warmSeconds: 5,
  seconds: 3,
  alternateRequests: 3_000,
  openStreams: 5_000,
  openStreamGapUs: 400_000,
  slowReaderSeconds: 12,
  idleSeconds: 1.5,
  routes: 10_000,
  keys: 100_000,
};

const QUICK: Effort = {
  warmSeconds: 0.2,
  seconds: 0.3,
  alternateRequests: 100,
  openStreams: 200,
  openStreamGapUs: 20_000,
  slowReaderSeconds: 3,
  idleSeconds: 0.2,
  routes: 1_000,
  keys: 1_000,
};

const SMOKE: Effort = {
  warmSeconds: 0.02,
  seconds: 0.05,
  alternateRequests: 5,
  openStreams: 20,
  openStreamGapUs: 1_000,
  slowReaderSeconds: 1.2,
  idleSeconds: 0,
  routes: 100,
  keys: 100,
};

/** How much work a run puts into each row. */
export function effortOf(options: BenchOptions): Effort {
  if (options.smoke) return SMOKE;
  return options.quick ? QUICK : FULL;
}
