import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMockServer } from '../../src/mock/server.ts';
import { ROOT, type Snippet } from './doc-pages.ts';
import { startGateway, temporaryFolder } from './gateway.ts';
import { type Scope, waitFor } from './wait.ts';

/** What a command printed and how it ended. */
export interface CommandResult {
  status: number | null;
  output: string;
}

/** Runs the snippets of one page in order, in a folder of its own, with the ports of the page led to free ones. */
export interface DocRunner {
  /** Runs a `sh` snippet: a command that serves is left running, every other is waited for. */
  shell(snippet: Snippet): Promise<CommandResult>;
  /** Runs a `ts` snippet with the SDKs of this repository. */
  script(snippet: Snippet): Promise<CommandResult>;
  /** Writes a YAML snippet to the file that its first line names, if it names one. */
  save(snippet: Snippet): void;
}

const GATEWAY_PORT = '10000';
const ADMIN_PORT = '9901';
const MOCK_PORT = '8000';
/** Commands that go on until they are stopped, with the variables before them and what follows. */
const SERVICE = /^((?:[A-Z_]+=\S+ )*)(?:\.\/aigw|aigw|npm (?=start)) ?(run|mock|start)\b(.*)$/;
const LIMIT_MS = 30_000;

const SHIMS: Readonly<Record<string, string>> = {
  aigw: `exec ${process.execPath} --import ${import.meta.resolve('tsx')} ${join(ROOT, 'test/support/run-aigw.ts')} "$@"`,
  // An HTTP error is a failure, as a reader would see it.
  curl: 'PATH="${PATH#*:}" exec curl --fail-with-body --silent --show-error --max-time 20 "$@"',
};

/** The stub of a secret for every variable of the examples. */
export const EXAMPLE_VARIABLES: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ...['OPENAI', 'ANTHROPIC', 'AZURE_OPENAI', 'GEMINI', 'COHERE', 'MISTRAL', 'GROQ', 'DEEPSEEK', 'XAI', 'TOGETHER'],
    ...['FIREWORKS', 'OPENROUTER', 'DEEPINFRA', 'SAMBANOVA', 'PERPLEXITY', 'CEREBRAS', 'NVIDIA', 'HUNYUAN'],
  ]
    .map((vendor): [string, string] => [`${vendor}_API_KEY`, 'sk-example'])
    .concat([
      ['HF_TOKEN', 'hf-example'],
      ['AZURE_OPENAI_ENDPOINT', 'https://acme.openai.azure.com'],
      ['GOOGLE_CLOUD_PROJECT', 'acme'],
      ['AIGW_ADMIN_TOKEN', 'admin-example-token'],
      ['AIGW_KEY_SECRET', 'example-secret-of-32-characters!'],
      ['ADA_KEY', 'ada-example-key'],
    ]),
);

function collect(child: ChildProcess): { text(): string; ended: Promise<number | null> } {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  return { text: () => text, ended: new Promise((resolve) => child.once('close', resolve)) };
}

async function runToEnd(child: ChildProcess): Promise<CommandResult> {
  const output = collect(child);
  const deadline = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  const status = await output.ended;
  clearTimeout(deadline);
  return { status, output: output.text() };
}

/** The gateway that pages without one of their own speak of: the demo model, and a mock behind `claude-*`. */
async function startDefaultGateway(scope: Scope): Promise<{ gateway: number; admin: number; mock: number }> {
  const mock = createMockServer({});
  const { url } = await mock.listen(0, '127.0.0.1');
  scope.after(() => mock.close());
  const gateway = await startGateway(
    scope,
    `static_cluster:
  demo: { provider: demo }
  claude: { provider: anthropic, endpoint: "${url}", api_key: any }
virtual_services:
  - name: default
    virtual_routes:
      - { match: { model: "claude-*" }, split: [{ cluster: claude }] }
      - { split: [{ cluster: demo }] }
`,
  );
  return { gateway: gateway.port, admin: gateway.adminPort, mock: Number(new URL(url).port) };
}

/** Makes the runner of one page. */
export function createDocRunner(scope: Scope): DocRunner {
  const folder = temporaryFolder(scope);
  const bin = join(folder, '.bin');
  mkdirSync(bin);
  for (const [name, script] of Object.entries(SHIMS)) {
    writeFileSync(join(bin, name), `#!/usr/bin/env bash\n${script}\n`, { mode: 0o755 });
  }
  symlinkSync(join(bin, 'aigw'), join(folder, 'aigw'));
  symlinkSync(join(ROOT, 'examples'), join(folder, 'examples'));
  /** From the ports of the page to those really taken. */
  const ports = new Map<string, string>();
  const base = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, HOME: folder };

  const lead = (text: string): string =>
    text.replace(/(:|port:? )(\d{4,5})\b/g, (whole, before: string, port: string) => {
      const taken = ports.get(port);
      return taken === undefined ? whole : before + taken;
    });

  /** Takes `--NAME PORT` out of the arguments; a port of the page is what it says, or the default. */
  function takePort(args: string, name: string, standard: string): { port: string; rest: string } {
    const flag = new RegExp(` --${name} (\\d+)`);
    return { port: flag.exec(args)?.[1] ?? standard, rest: args.replace(flag, '') };
  }

  async function serve(line: string, match: RegExpExecArray): Promise<CommandResult> {
    const [, variables = '', verb, tail = ''] = match;
    const isMock = verb === 'mock';
    const own = takePort(tail.replace(/^ -- /, ' '), 'port', isMock ? MOCK_PORT : GATEWAY_PORT);
    const admin = takePort(own.rest, 'admin-port', ADMIN_PORT);
    const flags = isMock ? '--port 0' : '--port 0 --admin-port 0';
    const command = `${variables}exec aigw ${isMock ? 'mock' : 'run'}${admin.rest} ${flags}`;
    // Without a file the environment decides: then only what the page sets may be in it.
    const hasFile = /^ [^-\s]/.test(admin.rest);
    const child = spawn('bash', ['-c', command], {
      cwd: folder,
      env: hasFile ? { ...base, ...EXAMPLE_VARIABLES } : base,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = collect(child);
    scope.after(async () => {
      child.kill('SIGKILL');
      await output.ended;
    });
    const ready = isMock ? /^mock provider listening on .*:(\d+)$/m : /^AI gateway listening on .*:(\d+)$/m;
    const over = () => child.exitCode !== null;
    await waitFor(
      `"${line}" to serve`,
      () => over() || (ready.test(output.text()) && /\n/.test(output.text())),
      LIMIT_MS,
    );
    if (over()) return { status: child.exitCode, output: output.text() };
    ports.set(own.port, ready.exec(output.text())?.[1] ?? '');
    if (!isMock) {
      await waitFor('the admin port to be printed', () => /^base URLs:/m.test(output.text()), LIMIT_MS);
      ports.set(admin.port, /^admin on .*:(\d+) /m.exec(output.text())?.[1] ?? '');
    }
    return { status: 0, output: output.text() };
  }

  async function ensureGateway(text: string): Promise<void> {
    if (!text.includes(`:${GATEWAY_PORT}`) || ports.has(GATEWAY_PORT)) return;
    const started = await startDefaultGateway(scope);
    ports.set(GATEWAY_PORT, String(started.gateway)).set(ADMIN_PORT, String(started.admin));
    if (!ports.has(MOCK_PORT)) ports.set(MOCK_PORT, String(started.mock));
  }

  return {
    async shell({ text }) {
      const service = SERVICE.exec(text.trim());
      if (service !== null) return serve(text.trim(), service);
      await ensureGateway(text);
      const env = { ...base, ...EXAMPLE_VARIABLES };
      return runToEnd(spawn('bash', ['-euo', 'pipefail', '-c', lead(text)], { cwd: folder, env }));
    },
    async script({ text }) {
      await ensureGateway(text);
      const args = ['--input-type=module', '--eval', lead(text)];
      return runToEnd(spawn(process.execPath, args, { cwd: ROOT, env: base }));
    },
    save({ text }) {
      const name = /^# ([a-z-]+\.yaml)\n/.exec(text)?.[1];
      if (name !== undefined) writeFileSync(join(folder, name), lead(text));
    },
  };
}
