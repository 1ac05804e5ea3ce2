import { fork, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { NotFound, TidewaiterError } from '@tidewaiter/domain';
import type { RunningService } from '@tidewaiter/runtime';
import {
  type ClaimedRun,
  claimRun,
  type Exit,
  findPrograms,
  freePort,
  installPackages,
  type LocalServers,
  mayInstall,
  missingPackages,
  type ProcessListener,
  type Programs,
  rotateLogs,
  type Run,
  type ServerKind,
  type ServerUrls,
  startLocalServers,
  type SupervisedProcess,
  superviseProcess,
} from '@tidewaiter/servers';
import { type Command, InvalidArgumentError } from 'commander';

import { environment, home, stateDir, printStderr } from '../context.js';
import {
  givenUrls,
  serviceKeys,
  serviceEnvironment,
  type ServiceName,
  serviceNames,
  startService,
  stopService,
  urlsFor,
} from '../service/services.js';
import { releaseStartMemory } from '../service/start-memory.js';
import { onHangup, stopRequest } from '../service/stop-request.js';
import { checkFiles } from './check-files.js';
import { ownLogs, upDetached } from './detach.js';
import { writeSamples } from './samples.js';
import { prepareDatabaseOf, serverUsers } from './server-users.js';

interface UpOptions {
  detach?: true;
  demo?: true;
  portIngest: number;
  portConsole: number;
  workers: number;
}

/** Starts everything on this machine. */
export function upCommand(program: Command): void {
  program
    .command('up')
    .description('start everything on this machine')
    .option('--detach', 'leave it running in the background')
    .option('--demo', 'with a small fictitious fleet, in a folder without a configuration')
    .option('--port-ingest <port>', 'port for registries and sensors', integer(0, 65_535), 7070)
    .option('--port-console <port>', 'port for the console and the API', integer(0, 65_535), 7080)
    .option('--workers <count>', 'scanner processes', integer(1, 64), 1)
    .action(async (options: UpOptions) => {
      if (!options.detach) return up(options);
      printStderr(...welcome(await upDetached()), 'Stop it with `./tidewaiter down`.');
    });
}

/** Lines of the message after startup. */
function welcome({ services, notices }: Pick<Run, 'services' | 'notices'>): string[] {
  const urlOf = (name: string): string | undefined => services.find((service) => service.name === name)?.url;
  return [
    'Tidewaiter is up.',
    `  console  ${urlOf('console')}`,
    `  ingest   ${urlOf('ingest')}/hooks/registry/main`,
    ...notices,
    `Registries and sensors: ${home}/tidewaiter.yaml`,
    `Alert routing:          ${home}/routing.yaml`,
  ];
}

async function up(options: UpOptions): Promise<void> {
  const stop = stopRequest();
  const { armFailpoints, failpoint } = await import('@tidewaiter/runtime');
  armFailpoints(environment);
  await using closing = new AsyncDisposableStack();
  const run = await claimRun(stateDir, new Date());
  closing.defer(async () => run.release());
  const rotation = rotateLogs(await ownLogs(), notRotated);
  closing.defer(() => rotation.stop());
  const use = givenUrls();
  const demo = options.demo ? await (await import('./demo/demo.js')).startDemo(home) : undefined;
  closing.defer(async () => demo?.stop());
  // Checked before anything is started: a mistake in a file is the most common reason for a failed
  // start.
  await checkFiles();
  const local = await startLocalServers({
    dir: stateDir,
    use,
    programs: await bringPrograms(use),
    services: serverUsers(),
    onRedisDataSetAside: (folder) =>
      printStderr(
        `redis did not start with its files, and runs without: they are in ${folder}, and PostgreSQL has all jobs`,
      ),
  });
  closing.defer(local.stop);
  failpoint('up.servers-started');
  await writeSamples(home);
  await prepareDatabaseOf(local);
  const ingestUrl = await startAll(options, local, run, closing, stop);
  releaseStartMemory();
  if (demo && ingestUrl !== undefined) {
    // The platform runs on, whatever becomes of the demo.
    void demo.play(ingestUrl).then(
      () => printStderr('The fleet of the demo is in.'),
      (error: unknown) => printStderr(`demo: ${error instanceof Error ? error.message : String(error)}`),
    );
  }
  await stop;
}

/** Returns the URL of ingest; undefined when the start was stopped. */
async function startAll(
  { portIngest, portConsole, workers: count }: UpOptions,
  local: LocalServers,
  run: ClaimedRun,
  closing: AsyncDisposableStack,
  stop: Promise<void>,
): Promise<string | undefined> {
  const { failpoint } = await import('@tidewaiter/runtime');
  const ports: Record<string, number> = { ingest: portIngest, console: portConsole || (await freePort()) };
  const isTls = Boolean(environment['TIDEWAITER_TLS_CERT_FILE']);
  const consoleUrl =
    environment['TIDEWAITER_CONSOLE_URL'] || `${isTls ? 'https' : 'http'}://127.0.0.1:${ports['console']}`;
  const key = await serviceKeys();
  const started = local.servers.map(({ name }) => name);
  const environmentOf = async (name: ServiceName) =>
    serviceEnvironment(await urlsFor(name, local.urls, started), {
      ...key,
      TIDEWAITER_CONSOLE_URL: consoleUrl,
      // Ingest is started before the console.
      TIDEWAITER_INGEST_URL:
        environment['TIDEWAITER_INGEST_URL'] || running.find((each) => each.name === 'ingest')?.url || '',
      TIDEWAITER_HTTP_PORT: String(ports[name] ?? 0),
      // One port is not enough for all services. `status` asks for their health without TLS.
      TIDEWAITER_METRICS_PORT: isTls ? '0' : '',
      ...(name === 'ingest' && {
        TIDEWAITER_SPOOL_DIR: environment['TIDEWAITER_SPOOL_DIR'] || join(stateDir, 'spool'),
      }),
    });
  const running: RunningService[] = [];
  const workers: SupervisedProcess[] = [];
  // All at once: each may take eight seconds, and the caller that stops this process waits ten.
  closing.defer(async () => {
    await Promise.allSettled([...workers.map((worker) => worker.stop()), ...running.map(stopService)]);
  });
  for (const name of serviceNames) {
    const service = await Promise.race([
      environmentOf(name)
        .then(async (given) => startService(name, given))
        .catch(explainPort),
      stop,
    ]);
    // A start waits for servers without a limit; a stop request must not.
    if (!service) return undefined;
    running.push(service);
    failpoint('up.service-started');
  }
  const processes = () => [...servers, ...workers].map(({ name, pid, port }) => ({ name, pid, port }));
  const updateRun = async () => run.update({ processes: processes() });
  const servers = local.supervise(processListener(updateRun, ` (its log is in ${stateDir})`), notRotated);
  const scannerEnvironment = await environmentOf('scanner');
  for (let number = 2; number <= count; number++) {
    const start = async () => startWorker(number, scannerEnvironment);
    workers.push(superviseProcess(await start(), start, processListener(updateRun)));
  }
  const services = running.map(({ name, url, healthUrl }) => ({ name, url, healthUrl }));
  const notices = running.flatMap((service) => service.notices);
  await run.update({ ready: true, urls: local.urls, consoleUrl, services, notices, processes: processes() });
  failpoint('up.run-recorded');
  onHangup(async () => {
    for (const { pid } of workers) hangUp(pid);
    await Promise.all(running.map(async (service) => service.reload()));
  });
  printStderr(...welcome({ services, notices }));
  return services.find(({ name }) => name === 'ingest')?.url;
}

/** Asks a worker to reload; one that is just being started again reads the new files anyway. */
function hangUp(pid: number): void {
  try {
    process.kill(pid, 'SIGHUP');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Prints state changes of servers or workers; `changed` is called when one has a new process. */
function processListener(changed: () => Promise<void>, about = ''): ProcessListener {
  return {
    ended: (name) => printStderr(`${name} ended by itself; starting it again${about}`),
    restarted: (name) => {
      printStderr(`${name} runs again`);
      void changed().catch((error: unknown) => printStderr(`${name}: ${String(error)}`));
    },
    failed: (name, error) =>
      printStderr(`${name} cannot be started: ${error instanceof Error ? error.message : String(error)}`),
  };
}

function notRotated(file: string, error: unknown): void {
  printStderr(`${file} cannot be rotated: ${error instanceof Error ? error.message : String(error)}`);
}

/**
 * A scanner in a process of its own. It ends when its channel to this process closes, so it never
 * outlives it.
 */
async function startWorker(number: number, given: NodeJS.ProcessEnv) {
  // Detached: a terminal's Ctrl-C goes to its whole process group, but this process stops its
  // workers.
  // Without the terminal: a worker must not take the SIGHUP of a reload for a closed terminal.
  const stdio: StdioOptions = ['ignore', 'inherit', 'inherit', 'ipc'];
  const child = fork(process.argv[1]!, ['service', 'scanner'], { env: given, detached: true, stdio });
  const exited = new Promise<Exit>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  await once(child, 'spawn');
  return {
    name: `scanner-${number}`,
    pid: child.pid!,
    port: null,
    exited,
    async stop() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

/** The programs of the local servers, installed first where that is allowed. */
async function bringPrograms(use: Partial<ServerUrls>): Promise<Programs> {
  const wanted = (['nats', 'redis', 'database'] as const satisfies ServerKind[]).filter((kind) => !use[kind]);
  const programs = await findPrograms(environment['PATH']);
  const missing = missingPackages(programs, wanted);
  if (missing.length === 0) return programs;
  if (!mayInstall(programs)) {
    const advice = `install them (on Debian and Ubuntu \`apt-get install ${missing.join(' ')}\` as root), or run \`docker compose up\`, which brings everything`;
    throw new NotFound('PROGRAM_MISSING', `${missing.join(', ')} missing: ${advice}`);
  }
  printStderr(`installing ${missing.join(', ')}`);
  await installPackages(missing);
  return findPrograms(environment['PATH']);
}

function explainPort(error: unknown): never {
  const { code, port } = error as { code?: string; port?: number };
  if (code !== 'EADDRINUSE') throw error;
  const advice = 'choose another with --port-ingest or --port-console';
  throw new TidewaiterError('PORT_IN_USE', `port ${port} is in use: ${advice}`, { cause: error });
}

function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Give a number from ${min} to ${max}.`);
  };
}
