import type { Environment } from '@tidewaiter/runtime';
import { currentRun } from '@tidewaiter/servers';
import { Argument, type Command } from 'commander';

import { environment, stateDir, printStderr } from '../context.js';
import {
  givenUrls,
  type RemoteServiceName,
  remoteServiceNames,
  serviceKeys,
  serviceEnvironment,
  serviceNames,
  type ServiceName,
  startService,
  stopService,
  urlsFor,
} from './services.js';
import { releaseStartMemory } from './start-memory.js';
import { onHangup, stopRequest } from './stop-request.js';

/** Runs one service alone, as in production. */
export function serviceCommand(program: Command): void {
  program
    .command('service')
    .description('run one service, configured by the environment')
    .addArgument(new Argument('<name>').choices([...serviceNames, ...remoteServiceNames]))
    .action(async (name: ServiceName | RemoteServiceName) => {
      const stop = stopRequest();
      (await import('@tidewaiter/runtime')).armFailpoints(environment);
      // A start waits for NATS as long as it takes, and what it has begun by then survives any end.
      const service = await Promise.race([startService(name, await environmentToUse(name)), stop]);
      if (!service) return;
      onHangup(async () => service.reload());
      printStderr(`${name} listens on ${service.url}`, ...service.notices);
      releaseStartMemory();
      await stop;
      await stopService(service);
    });
}

/**
 * The environment as it is; beside an `up` of this folder, and with no server named, that one's
 * servers and a free port.
 */
async function environmentToUse(name: ServiceName | RemoteServiceName): Promise<Environment> {
  if (isRemote(name) || Object.keys(givenUrls()).length > 0) return environment;
  const run = await currentRun(stateDir);
  if (!run?.urls) return environment;
  const port = environment['TIDEWAITER_HTTP_PORT'] || '0';
  // Links in its messages lead to the console of that `up`.
  const consoleUrl = environment['TIDEWAITER_CONSOLE_URL'] || run.consoleUrl;
  const urls = await urlsFor(
    name,
    run.urls,
    run.processes.map((process) => process.name),
  );
  return serviceEnvironment(urls, {
    TIDEWAITER_HTTP_PORT: port,
    ...(consoleUrl && { TIDEWAITER_CONSOLE_URL: consoleUrl }),
    ...(await serviceKeys()),
  });
}

function isRemote(name: ServiceName | RemoteServiceName): name is RemoteServiceName {
  return remoteServiceNames.some((each) => each === name);
}
