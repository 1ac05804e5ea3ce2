import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Environment } from '@tidewaiter/runtime';

/**
 * Environment of the process. Read here and not through `runtime`, whose NestJS would cost every
 * command half a second.
 */
export const environment: Environment = process.env;

/**
 * The folder that holds `tidewaiter.yaml`, `routing.yaml` and `.tidewaiter/`: the launcher's own
 * unless TIDEWAITER_HOME names one.
 */
export const home = resolve(environment['TIDEWAITER_HOME'] || fileURLToPath(new URL('../..', import.meta.url)));

/** Data, passwords and logs of `up`. */
export const stateDir = join(home, '.tidewaiter');

/** Prints lines to standard error; standard output is for machine-readable results. */
export function printStderr(...lines: string[]): void {
  process.stderr.write(`${lines.join('\n')}\n`);
}
