import { printable } from '@tidewaiter/domain';
import { currentRun, type Run } from '@tidewaiter/servers';
import type { RestoreReport } from '@tidewaiter/store';
import { type Command, Option } from 'commander';

import { stateDir } from '../context.js';
import { lastRestoreOf, overriddenOf } from '../database.js';

const readyWithinMs = 1_000;

/** Prints the running services and processes of this folder. Exit code 3 when nothing runs. */
export function statusCommand(program: Command): void {
  program
    .command('status')
    .description('show what runs, with addresses and process ids')
    .addOption(new Option('-o, --output <format>', 'how').choices(['table', 'json']).default('table'))
    .action(async ({ output }: { output: 'table' | 'json' }) => {
      const run = await currentRun(stateDir);
      const status = run ? await describe(run) : { running: false as const };
      if (!status.running) process.exitCode = 3;
      process.stdout.write(output === 'json' ? `${JSON.stringify(status, null, 2)}\n` : table(status));
    });
}

/** Fields of the status output: the whole run except passwords. */
async function describe({ pid, startedAt, ready, urls, services, processes }: Run) {
  const ageSeconds = Math.round((Date.now() - Date.parse(startedAt)) / 1000);
  const states = await Promise.all(
    services.map(async ({ healthUrl, ...service }) => ({ ...service, ...(await readiness(healthUrl)) })),
  );
  // Loading the library of the database blocks this process, and answers would time out.
  const restored = urls ? await lastRestoreOf(urls.database) : null;
  const overridden = urls ? await overriddenOf(urls.database) : [];
  const found = { services: states, processes, restored, overridden };
  return { running: true as const, pid, startedAt, ageSeconds, ready, ...found };
}

interface Readiness {
  ready: boolean;
  /**
   * `ok`, or the code of the error for which the last good configuration is still in use; null
   * without a response.
   */
  configuration: string | null;
}

async function readiness(url: string): Promise<Readiness> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(readyWithinMs) });
    const { configuration } = (await response.json()) as { configuration: string };
    return { ready: response.ok, configuration };
  } catch {
    return { ready: false, configuration: null };
  }
}

function table(status: Awaited<ReturnType<typeof describe>> | { running: false }): string {
  if (!status.running) return 'nothing runs here\n';
  const rows = [
    ['up', status.ready ? 'ready' : 'starting', `pid ${status.pid}`, `for ${status.ageSeconds} s`],
    ...status.services.map(({ name, url, ready, configuration }) => [
      name,
      ready ? 'ready' : 'not ready',
      url,
      configuration === null || configuration === 'ok' ? '' : `runs on the last good configuration: ${configuration}`,
    ]),
    ...(status.overridden.length === 0
      ? []
      : [['managed', 'overridden', `by files: ${status.overridden.map((entry) => printable(entry)).join(', ')}`]]),
    ...(status.restored ? [restoreRow(status.restored)] : []),
    ...status.processes.map(({ name, pid, port }) => [name, 'runs', `pid ${pid}`, port === null ? '' : `port ${port}`]),
  ];
  return (
    rows
      .map(([name = '', state = '', ...rest]) => `${name.padEnd(12)}${state.padEnd(11)}${rest.join('  ')}`.trimEnd())
      .join('\n') + '\n'
  );
}

/** Row about a restored database, with what could not be brought back. */
function restoreRow({ recognizedAt, copyOf, pushes, deletions, lostReports, gapUntil }: RestoreReport): string[] {
  const lost = [
    ...(lostReports > 0 ? [`${lostReports} pipeline reports are lost`] : []),
    ...(gapUntil === null ? [] : [`events until ${gapUntil} are lost`]),
  ];
  const back = `${pushes} pushes and ${deletions} deletions put back`;
  return ['database', 'restored', `at ${recognizedAt}`, `state of ${copyOf}`, [back, ...lost].join(', ')];
}
