import { dirname, resolve } from 'node:path';

import { JetStreamServer } from '@tidewaiter/bus';
import { InvalidInput, type ManagedEntrySet, TidewaiterError } from '@tidewaiter/domain';
import { readTemplates } from '@tidewaiter/messages';
import { channelReaders, parseManagedRouting } from '@tidewaiter/receivers';
import { parseRouting, type RoutingConfig } from '@tidewaiter/routing';
import {
  type ConfigFiles,
  type Definition,
  type Environment,
  loadSettings,
  Logger,
  type RunningService,
  type ServiceDefinition,
  startReloadable,
} from '@tidewaiter/runtime';
import { entriesAtStart } from '@tidewaiter/store';

import { NotifierConfig } from './config.js';
import { NotifierModule } from './notifier.module.js';

/** Starts the notifier: it routes findings and incidents to receivers and delivers the messages. */
export async function start(environment: Environment): Promise<RunningService> {
  const define = (files: ConfigFiles, definition: Definition): ServiceDefinition => {
    const config = new NotifierConfig(environment);
    const { settings, configError } = loadSettings(config, 'notifier', files, definition);
    const text = managedRouting(definition.managed);
    const own = readRouting(config.routingFile, environment, files);
    const isOwn = sends(own);
    const isManaged = text !== undefined && !isOwn;
    const { routing, routingError } = isManaged
      ? managedRoutingOf(definition.isStart, text, () =>
          readManagedRouting(text, config.settingsFile, settings.management.filesDir, environment, files),
        )
      : { routing: own, routingError: null };
    return {
      name: 'notifier',
      module: NotifierModule.forRoot(config, settings, routing, readTemplates(settings.templates), {
        isManaged,
        isUnread: routingError !== null,
      }),
      config,
      configError: configError ?? routingError,
      // A file with a channel wins, which the API shows also before one is saved there.
      overridden: isOwn ? ['routing'] : [],
      routing: isManaged ? null : own?.redacted(),
      transport: JetStreamServer,
      configure(app) {
        for (const key of routing?.warnings ?? []) app.get(Logger).warn({ key }, 'routing key ignored');
      },
    };
  };
  return startReloadable(define, async (log, waits) => {
    const { databaseUrl: url } = new NotifierConfig(environment);
    return entriesAtStart({ url, poolSize: 2, name: 'notifier', log, waits });
  });
}

/** Whether a routing has a channel. The sample that `up` writes has none, and gives way. */
function sends(routing: RoutingConfig | null): boolean {
  return [...(routing?.receivers.values() ?? [])].some(
    ({ integrations, uploads }) => integrations.length + uploads.length > 0,
  );
}

/** Text of the managed routing; undefined without one. */
function managedRouting(managed: ManagedEntrySet | null): string | undefined {
  const document = managed?.entries.find(({ kind }) => kind === 'routing')?.document;
  return typeof document?.['text'] === 'string' ? document['text'] : undefined;
}

/**
 * Reads the managed routing. At the start, one whose files cannot be read is used as far as it says
 * where messages go: they wait until the files are there. Later, the last good one stays in use.
 * @throws InvalidInput `ROUTING_INVALID`
 */
function managedRoutingOf(
  isStart: boolean,
  text: string,
  read: () => RoutingConfig,
): { routing: RoutingConfig; routingError: TidewaiterError | null } {
  try {
    return { routing: read(), routingError: null };
  } catch (error) {
    if (!isStart || !(error instanceof TidewaiterError)) throw error;
    return { routing: parseManagedRouting(text), routingError: error };
  }
}

function readManagedRouting(
  text: string,
  settingsFile: string | undefined,
  filesDir: string | undefined,
  environment: Environment,
  files: ConfigFiles,
): RoutingConfig {
  const folder = settingsFile === undefined ? '.' : dirname(resolve(settingsFile));
  const read = (name: string) => {
    if (filesDir === undefined) throw new InvalidInput('ROUTING_INVALID', 'management.filesDir is not set');
    return files.text(resolve(folder, filesDir, name)).trim();
  };
  return parseManagedRouting(text, read, environment);
}

function readRouting(path: string | undefined, environment: Environment, files: ConfigFiles): RoutingConfig | null {
  if (path === undefined) return null;
  const folder = dirname(resolve(path));
  return parseRouting(readText(path, files), {
    channels: channelReaders,
    readFile: (file) => files.text(resolve(folder, file)).trim(),
    environment,
  });
}

function readText(path: string, files: ConfigFiles): string {
  try {
    return files.text(path);
  } catch (cause) {
    throw new InvalidInput('ROUTING_INVALID', `cannot read ${path}`, { cause });
  }
}
