import { Argument, Command, CommanderError, Option } from 'commander';
import { MOCK_FLAGS } from '../mock/cli-options.ts';
import { ExitError } from './exit-error.ts';
import { ROW_FORMATS } from './print-rows.ts';
import { version } from './version.ts';

/** Adds what `run` and `validate` have in common. */
function withConfig(command: Command): Command {
  return command
    .argument('[path]', 'configuration file or directory; without it, environment variables decide')
    .option('--insecure', 'allow listeners that other machines can reach without authentication');
}

function build(): Command {
  const program = new Command('aigw')
    .description('AI gateway: one API in front of every model provider')
    .version(`aigw ${version()}`, '-V, --version')
    .showHelpAfterError('(run with --help for what it takes)')
    .exitOverride();

  withConfig(program.command('run'))
    .description('start the gateway')
    .option('--address <address>', 'listen on this address instead of the configured one')
    .option('--port <number>', 'listen on this port instead of the configured one; 0 takes a free one')
    .addOption(
      new Option('--admin-port <number>', 'port of the admin listener; 0 takes a free one').env('AIGW_ADMIN_PORT'),
    )
    .option('--no-watch', 'do not reload when configuration files change')
    .addOption(
      new Option('--log-level <level>', 'how much the process log says').choices(['debug', 'info', 'warn', 'error']),
    )
    .option('--debug', 'short for --log-level debug')
    .action(async (path: string | undefined, options) => (await import('./run.ts')).run(path, options));

  withConfig(program.command('validate'))
    .description('check a configuration and say what is wrong where')
    .option('--quiet', 'print nothing when it is valid')
    .action(async (path: string | undefined, options) => (await import('./validate.ts')).validate(path, options));

  program
    .command('explain')
    .description('say what would become of a request, and why, without sending it')
    .argument('<path>', 'configuration file or directory')
    .argument('<request>', 'JSON file that describes the request; - reads standard input')
    .option('--path <path>', 'take the JSON as the body of a POST to this path')
    .addOption(new Option('--format <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .option('--insecure', 'allow listeners that other machines can reach without authentication')
    .action(async (path: string, request: string, options) =>
      (await import('./explain.ts')).explain(path, request, options),
    );

  program
    .command('prices')
    .description('show what models cost: those of a configuration, or all that are bundled')
    .addArgument(
      new Argument('<action>', 'check: the models that routes send requests for; list: the bundled prices').choices([
        'check',
        'list',
      ]),
    )
    .argument('[path]', 'for check: configuration file or directory; without it, environment variables decide')
    .addOption(new Option('--format <format>', 'how to print them').choices(ROW_FORMATS).default('table'))
    .option('--strict', 'for check: fail when a model has no price')
    .option('--provider <name>', 'for list: the prices of one provider')
    .option('--insecure', 'allow listeners that other machines can reach without authentication')
    .action(async (action: 'check' | 'list', path: string | undefined, options) =>
      (await import('./prices.ts')).prices(action, path, options),
    );

  program
    .command('version')
    .description('print the version')
    .action(() => {
      process.stdout.write(`aigw ${version()}\n`);
    });

  program
    .command('healthcheck')
    .description('ask a running gateway whether it is ready; exit 0 when it is')
    .addOption(new Option('--admin-port <number>', 'port of its admin listener').env('AIGW_ADMIN_PORT').default('9901'))
    .option('--address <address>', 'address of its admin listener', '127.0.0.1')
    .option('--timeout <duration>', 'how long to wait', '2s')
    .action(async (options) => (await import('./healthcheck.ts')).healthcheck(options));

  const mock = program.command('mock').description('start a fake provider that speaks every provider API');
  for (const { flag, text, repeatable } of MOCK_FLAGS) {
    if (repeatable === true) mock.option(flag, text, (value: string, all: string[]) => [...all, value], []);
    else mock.option(flag, text);
  }
  mock.action(async (options) => (await import('./mock.ts')).mock(options));
  return program;
}

/** Exit status for a command line that cannot be understood, as sysexits' EX_USAGE has it. */
const USAGE = 2;

/**
 * Runs one command line (without the program's name) and resolves to the exit status: 0 done, 1 the command failed, 2 the
 * command line or the configuration is wrong.
 */
export async function main(args: readonly string[]): Promise<number> {
  const program = build();
  for (const command of program.commands) command.exitOverride();
  try {
    await program.parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
    if (error instanceof ExitError) {
      if (error.message !== '') process.stderr.write(`aigw: ${error.message}\n`);
      return error.status;
    }
    process.stderr.write(`aigw: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 1;
  }
}
