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

/** Adds what the commands have in common that ask a running gateway. */
function withAdmin(command: Command): Command {
  return command
    .addOption(
      new Option('--admin-url <url>', 'admin listener of the gateway')
        .env('AIGW_ADMIN_URL')
        .default('http://127.0.0.1:9901'),
    )
    .addOption(
      new Option('--token <token>', 'token of `admin.tokens`; better given as a variable').env('AIGW_ADMIN_TOKEN'),
    )
    .addOption(new Option('--format <format>', 'how to print it').choices(ROW_FORMATS).default('table'));
}

const collect = (value: string, all: readonly string[]): string[] => [...all, value];

function addKeys(program: Command): void {
  const keys = program.command('keys').description('issue, list, rotate and revoke API keys of a running gateway');
  withAdmin(keys.command('create'))
    .description('issue a key; its text is printed this once')
    .requiredOption('--organization <name>', 'organization that the key belongs to')
    .requiredOption('--name <name>', 'name of the key, for people')
    .option('--team <name>', 'team that it belongs to')
    .option('--user <name>', 'user that it belongs to')
    .option('--models <globs>', 'models that it may use, separated by commas; absent: all that its team may')
    .option('--operations <names>', 'operations such as chat, separated by commas')
    .option('--routes <names>', 'virtual routes, separated by commas')
    .option('--ips <ranges>', 'addresses and CIDR ranges it may come from, separated by commas')
    .option('--expires <when>', 'a time, or a duration such as 90d; absent: never')
    .option('--metadata <name=value>', 'a label; may be repeated', collect, [])
    .action(async (options) => (await import('./keys.ts')).createKey(options));
  withAdmin(keys.command('list'))
    .description('list keys, newest first')
    .option('--organization <name>', 'only of this organization')
    .option('--team <name>', 'only of this team')
    .option('--user <name>', 'only of this user')
    .addOption(
      new Option('--state <state>', 'only in this state').choices([
        'working',
        'active',
        'rotating',
        'rotated',
        'expired',
        'revoked',
      ]),
    )
    .action(async (options) => (await import('./keys.ts')).listKeys(options));
  withAdmin(keys.command('show'))
    .description('show one key')
    .argument('<key>', 'id of the key, or the key itself')
    .action(async (key: string, options) => (await import('./keys.ts')).showKey(key, options));
  withAdmin(keys.command('rotate'))
    .description('issue the successor of a key; its text is printed this once')
    .argument('<key>', 'id of the key, or the key itself')
    .option('--overlap <duration>', 'how long the old key still works; default 24h')
    .option('--expires <when>', 'when the new key expires; default: as long as the old one was given')
    .action(async (key: string, options) => (await import('./keys.ts')).rotateKey(key, options));
  withAdmin(keys.command('revoke'))
    .description('revoke a key for good')
    .argument('<key>', 'id of the key, or the key itself')
    .action(async (key: string, options) => (await import('./keys.ts')).revokeKey(key, options));
}

function addUsage(program: Command): void {
  withAdmin(program.command('usage'))
    .description('show what was used: requests, tokens, money')
    .option('--by <dimensions>', 'what to split by, separated by commas, such as team,model or day')
    .option('--from <time>', 'a day such as 2026-11-01, a date and time, now, or now-7d')
    .option('--to <time>', 'up to, not including, this time')
    .option('--filter <dimension=value>', 'only this value; may be repeated', collect, [])
    .addOption(
      new Option('--order <order>', 'largest first, or by group').choices(['group', 'cost', 'requests', 'tokens']),
    )
    .option('--limit <number>', 'the most rows to print', '1000')
    .option('--config <path>', 'read the ledger of this configuration instead of asking a gateway')
    .option('--insecure', 'with --config: allow listeners that other machines can reach without authentication')
    .action(async (options) => (await import('./usage.ts')).usage(options));
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
    .option('--workers <number>', 'how many processes carry the requests; auto: one for each processor')
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

  addKeys(program);
  addUsage(program);

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
