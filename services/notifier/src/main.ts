import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { JetStreamServer } from '@tidewaiter/bus';
import { InvalidInput } from '@tidewaiter/domain';
import { readTemplates } from '@tidewaiter/messages';
import { parseRouting, type RoutingConfig } from '@tidewaiter/routing';
import { type Environment, readConfig, readSettings, type RunningService, startService } from '@tidewaiter/runtime';

import { notifierConfig } from './config.js';
import { NotifierModule } from './notifier.module.js';

/** Starts the notifier: it routes findings and incidents to people and delivers what they are told. */
export async function start(environment: Environment): Promise<RunningService> {
  const config = readConfig(notifierConfig, environment);
  const settings = readSettings(config.settingsFile);
  const routing = readRouting(config.routingFile, environment);
  return startService({
    name: 'notifier',
    module: NotifierModule.forRoot(config, settings, routing, readTemplates(settings.templates)),
    config,
    transport: JetStreamServer,
  });
}

function readRouting(path: string | undefined, environment: Environment): RoutingConfig | null {
  if (path === undefined) return null;
  const folder = dirname(resolve(path));
  return parseRouting(readText(path), (file) => readFileSync(resolve(folder, file), 'utf8').trim(), environment);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new InvalidInput('ROUTING_INVALID', `cannot read ${path}`, { cause });
  }
}
