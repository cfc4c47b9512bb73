import { execFileSync } from 'node:child_process';
import { arch, cpus, loadavg, platform, release } from 'node:os';

/** What a run ran on and with; figures without it mean nothing. */
export interface Machine {
  cpu: string;
  cores: number;
  system: string;
  node: string;
  undici: string;
  /** Absent when Envoy cannot be run. */
  envoy?: string;
  aigw: string;
  /** Load average of the last minute when the run began. */
  load: number;
}

function outputOf(command: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 300_000 });
  } catch {
    return undefined;
  }
}

/** Asks the system and the programs what they are. This also builds the gateway when its sources are newer. */
export function describeMachine(programs: { envoy: string; aigw: string; undici: string }): Machine {
  const processors = cpus();
  const load = loadavg()[0] ?? 0;
  const aigw = outputOf(process.execPath, [programs.aigw, 'version']);
  if (aigw === undefined) throw new Error(`${programs.aigw} version failed: does the gateway build?`);
  const envoy = outputOf(programs.envoy, ['--version'])?.match(/version: \w+\/([\d.]+)/)?.[1];
  return {
    cpu: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    system: `${platform()} ${release()} ${arch()}`,
    node: process.versions.node,
    undici: programs.undici,
    ...(envoy === undefined ? {} : { envoy }),
    aigw: aigw.trim(),
    load,
  };
}

/** The machine and the conditions of the run, as Markdown. */
export function formatMachine(machine: Machine, envoyWorkers: number | undefined): string {
  const busy = machine.load > 0.5 ? ' — the machine is busy: CPU figures hold, latencies may not' : '';
  return [
    `- machine: ${machine.cores} × ${machine.cpu}, ${machine.system}; load average at start ${machine.load.toFixed(2)}${busy}`,
    `- versions: ${machine.aigw}, Node ${machine.node}, undici ${machine.undici}, Envoy ${machine.envoy ?? 'not found'}`,
    `- Envoy: plain reverse proxy, ${envoyWorkers ?? machine.cores} worker(s)${envoyWorkers === undefined ? ', its own default' : ''}, no access log`,
    '- bare Node: `node:http` + undici `Pool.dispatch`, parses both JSON bodies, nothing else',
    '- gateway: one process; key authentication, a rate limit by key, a token limit of the team, a budget of the organization, the ledger (SQLite), metrics and the access log (to a file) on, unless the row says otherwise',
    '',
  ].join('\n');
}
