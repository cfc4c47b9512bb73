/**
 * The client side of every measurement: one process on raw sockets, the same for all candidates. Started with an IPC channel;
 * answers each `LoadJob` with a `LoadReport` and ends with its parent.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { createConnection, type LoadConnection, type Outcome } from './load-connection.ts';
import type {
  AlternateJob,
  LoadJob,
  LoadReport,
  OnceJob,
  OpenStreamsJob,
  SlowReadersJob,
  SteadyJob,
} from './load-job.ts';
import { createTally } from './load-tally.ts';
import { type BuiltRequest, buildRequest } from './requests.ts';

/** An answer that takes longer than this beyond the end of the job counts as broken. */
const LATE_MS = 20_000;
const READ_BYTES_A_SECOND = 1024;

function open(port: number, request: BuiltRequest, count: number): LoadConnection[] {
  return Array.from({ length: count }, () => createConnection(port, request));
}

async function steady(job: SteadyJob): Promise<LoadReport> {
  const connections = open(job.port, buildRequest(job.request), job.connections);
  const tally = createTally();
  const deadline = performance.now() + job.seconds * 1000;
  let running = connections.length;
  const finished = new Promise<void>((resolve) => {
    for (const connection of connections) {
      const again = (outcome: Outcome) => {
        tally.add(outcome);
        if (performance.now() < deadline && outcome.whole) connection.send(again);
        // A broken answer is not repeated at once: a dead port would be asked without end.
        else if (performance.now() < deadline) setTimeout(() => connection.send(again), 100);
        else if (--running === 0) resolve();
      };
      connection.send(again);
    }
  });
  await Promise.race([finished, wait(job.seconds * 1000 + LATE_MS, undefined, { ref: false })]);
  tally.addBroken(running);
  const result = tally.result();
  for (const connection of connections) connection.close();
  return { results: [result] };
}

async function alternate(job: AlternateJob): Promise<LoadReport> {
  const request = buildRequest(job.request);
  const lanes = job.ports.map((port) => ({ connection: createConnection(port, request), tally: createTally() }));
  for (let round = 0; round < job.requests; round++) {
    for (const lane of lanes) {
      const outcome = await new Promise<Outcome>((resolve) => lane.connection.send(resolve));
      lane.tally.add(outcome);
    }
  }
  for (const lane of lanes) lane.connection.close();
  return { results: lanes.map((lane) => lane.tally.result()) };
}

async function openStreams(job: OpenStreamsJob): Promise<LoadReport> {
  const request = buildRequest(job.request);
  const connections: LoadConnection[] = [];
  const tally = createTally();
  const end = performance.now() + job.limitSeconds * 1000;
  let running = job.streams;
  await new Promise<void>((resolve) => {
    const limit = setTimeout(resolve, job.limitSeconds * 1000);
    const add = (outcome: Outcome) => {
      tally.add(outcome);
      if (--running > 0) return;
      clearTimeout(limit);
      resolve();
    };
    const perStep = Math.max(1, Math.ceil(job.streams / (job.rampSeconds * 50)));
    const ramp = setInterval(() => {
      for (let index = 0; index < perStep && connections.length < job.streams; index++) {
        const connection = createConnection(job.port, request);
        connections.push(connection);
        connection.send(add);
      }
      if (connections.length >= job.streams || performance.now() > end) clearInterval(ramp);
    }, 20);
  });
  tally.addBroken(running);
  const result = tally.result();
  for (const connection of connections) connection.close();
  return { results: [result] };
}

/** Takes its bytes by hand, so that nothing is read ahead but one buffer of the stream and those of the system. */
async function slowReaders(job: SlowReadersJob): Promise<LoadReport> {
  const tally = createTally();
  const started = performance.now();
  const connections = open(job.port, buildRequest(job.request), job.readers);
  const outcomes: { bytes: number; status: number }[] = connections.map(() => ({ bytes: 0, status: 0 }));
  for (const [index, connection] of connections.entries()) {
    connection.send(() => undefined);
    connection.socket.removeAllListeners('data');
    connection.socket.pause();
    const outcome = outcomes[index];
    const timer = setInterval(() => {
      const piece = connection.socket.read(READ_BYTES_A_SECOND) as Buffer | null;
      if (piece === null || outcome === undefined) return;
      if (outcome.bytes === 0) outcome.status = Number(piece.toString('latin1', 9, 12));
      outcome.bytes += piece.length;
    }, 1000);
    connection.socket.on('close', () => clearInterval(timer));
  }
  await wait(job.seconds * 1000);
  for (const [index, connection] of connections.entries()) {
    const { status, bytes } = outcomes[index] ?? { status: 0, bytes: 0 };
    const elapsed = performance.now() - started;
    tally.add({
      status,
      whole: !connection.socket.destroyed && bytes > 0,
      totalMs: elapsed,
      firstByteMs: elapsed,
      bodyBytes: bytes,
    });
    connection.close();
  }
  return { results: [tally.result()] };
}

async function once(job: OnceJob): Promise<LoadReport> {
  const tally = createTally();
  let body = '';
  const connection = createConnection(job.port, buildRequest(job.request), {
    onBody: (piece) => {
      body += piece.toString('utf8');
    },
  });
  const outcome = await new Promise<Outcome>((resolve) => connection.send(resolve));
  tally.add(outcome);
  connection.close();
  return { results: [tally.result()], answer: { status: outcome.status, body } };
}

function perform(job: LoadJob): Promise<LoadReport> {
  switch (job.kind) {
    case 'steady':
      return steady(job);
    case 'alternate':
      return alternate(job);
    case 'open-streams':
      return openStreams(job);
    case 'slow-readers':
      return slowReaders(job);
    case 'once':
      return once(job);
  }
}

process.on('message', (job: LoadJob) => {
  perform(job).then(
    (report) => process.send?.(report),
    (error: unknown) => process.send?.({ results: [], error: String(error) } satisfies LoadReport),
  );
});
process.on('disconnect', () => process.exit(0));
