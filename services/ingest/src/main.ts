import {
  type ConfigFiles,
  createLogger,
  type Definition,
  type Environment,
  loadSettings,
  type RunningService,
  type ServiceDefinition,
  startReloadable,
} from '@tidewaiter/runtime';
import { entriesIfThere } from '@tidewaiter/store';

import { IngestConfig } from './config.js';
import { configureHttp } from './http/http.js';
import { IngestModule } from './ingest.module.js';
import { Spool } from './spool/spool.js';

/** Starts the service that takes the webhooks of registries and sensors. */
export async function start(environment: Environment): Promise<RunningService> {
  const spool = await openSpool(new IngestConfig(environment));
  try {
    const service = await startWith(environment, spool);
    return {
      ...service,
      async stop() {
        await service.stop();
        await spool?.close();
      },
    };
  } catch (error) {
    await spool?.close();
    throw error;
  }
}

/** One for the life of the process: the applications before and after a reload share it. */
async function openSpool({ spoolDir: folder, spoolMaxBytes: maxBytes, logLevel }: IngestConfig): Promise<Spool | null> {
  const log = createLogger('ingest', logLevel);
  return folder === undefined ? null : Spool.open({ folder, maxBytes, log });
}

async function startWith(environment: Environment, spool: Spool | null): Promise<RunningService> {
  const define = (files: ConfigFiles, definition: Definition): ServiceDefinition => {
    const config = new IngestConfig(environment);
    const { settings, configError } = loadSettings(config, 'ingest', files, definition);
    return {
      name: 'ingest',
      module: IngestModule.forRoot(config, settings, spool),
      config,
      configError,
      configure: async (app) => configureHttp(app, config.hookRate),
    };
  };
  return startReloadable(define, async (log, waits) => {
    const { databaseUrl: url } = new IngestConfig(environment);
    return entriesIfThere({ url, poolSize: 2, name: 'ingest', log, waits });
  });
}
