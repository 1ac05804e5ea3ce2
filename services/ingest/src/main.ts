import { type Environment, readSettings, type RunningService, startReloadable } from '@tidewaiter/runtime';

import { IngestConfig } from './config.js';
import { configureHttp } from './http/http.js';
import { IngestModule } from './ingest.module.js';

/** Starts the service that takes the webhooks of registries and sensors. */
export async function start(environment: Environment): Promise<RunningService> {
  return startReloadable((files) => {
    const config = new IngestConfig(environment);
    const settings = readSettings(config.settingsFile, files, 'ingest');
    return {
      name: 'ingest',
      module: IngestModule.forRoot(config, settings),
      config,
      configure: async (app) => configureHttp(app, config.hookRate),
    };
  });
}
