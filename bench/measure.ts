import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Kernel ticks a second, in which /proc counts CPU time. */
function readClockTicks(): number {
  return Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process has ended.
    return '';
  }
}

/** A process and all that descend from it, by id. */
export function processTree(pid: number): number[] {
  const tree = [pid];
  let threads: string[] = [];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    // The process has ended.
  }
  for (const thread of threads) {
    for (const child of read(`/proc/${pid}/task/${thread}/children`).split(' ')) {
      if (child !== '') tree.push(...processTree(Number(child)));
    }
  }
  return tree;
}

function cpuTicks(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  // The name in brackets may hold spaces; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return stat === '' ? 0 : Number(fields[11]) + Number(fields[12]);
}

function statusMib(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const kib = new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(read(`/proc/${pid}/status`))?.[1];
  return kib === undefined ? 0 : Number(kib) / 1024;
}

/** Reads what a process and its descendants use, from /proc. */
export interface Meter {
  /** User and system time so far, in seconds. */
  cpuSeconds(): number;
  /** Resident memory now. */
  rssMib(): number;
  /** The most resident memory since `resetPeak`, or since the start. */
  peakRssMib(): number;
  resetPeak(): void;
}

/** Measures a process and all that it started. */
export function createMeter(pid: number, clockTicks: number): Meter {
  const sum = (figure: (id: number) => number) => processTree(pid).reduce((total, id) => total + figure(id), 0);
  return {
    cpuSeconds: () => sum(cpuTicks) / clockTicks,
    rssMib: () => sum((id) => statusMib(id, 'VmRSS')),
    peakRssMib: () => sum((id) => statusMib(id, 'VmHWM')),
    resetPeak: () => {
      // proc_pid_clear_refs(5): 5 resets the peak to the present size.
      for (const id of processTree(pid)) writeFileSync(`/proc/${id}/clear_refs`, '5');
    },
  };
}

/** Makes meters; asks the system once how it counts. */
export function createMeters(): (pid: number) => Meter {
  const clockTicks = readClockTicks();
  return (pid) => createMeter(pid, clockTicks);
}
