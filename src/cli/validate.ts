import { formatIssue } from '../config/issue.ts';
import { compileSnapshot } from '../snapshot/compile.ts';
import { ExitError } from './exit-error.ts';
import { type ConfigArguments, loadOrExit } from './load.ts';

/** `aigw validate`: loads and compiles, starts nothing. Warnings go to standard error. */
export function validate(path: string | undefined, options: ConfigArguments & { quiet?: boolean }): void {
  const loaded = loadOrExit(path, options);
  try {
    compileSnapshot(loaded.config, { revision: 0, hash: loaded.hash });
  } catch (error) {
    throw new ExitError(2, error instanceof Error ? error.message : String(error));
  }
  for (const warning of loaded.warnings) process.stderr.write(`${formatIssue(warning)}\n`);
  if (options.quiet === true) return;
  const { config } = loaded;
  const routes = config.virtual_services.reduce((sum, service) => sum + service.virtual_routes.length, 0);
  const counts = [
    `${Object.keys(config.static_cluster).length} clusters`,
    `${config.virtual_services.length} virtual services`,
    `${routes} routes`,
    `${loaded.warnings.length} warnings`,
  ];
  process.stdout.write(`valid: ${counts.join(', ')}\n`);
}
