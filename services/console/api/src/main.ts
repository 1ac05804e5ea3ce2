import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type Environment, readConfig, type RunningService, startService } from '@tidewaiter/runtime';
import { ApiTokens } from '@tidewaiter/store';

import { consoleConfig } from './config.js';
import { ConsoleModule } from './console.module.js';
import { servePages } from './pages.js';

/** Starts the console: the API, and the web pages over it. */
export async function start(environment: Environment): Promise<RunningService> {
  const config = readConfig(consoleConfig, environment);
  return startService({
    name: 'console',
    module: ConsoleModule.forRoot(config),
    config,
    configure: servePages,
    notices: async (app) => setupNotices(app, config.publicUrl),
  });
}

async function setupNotices(app: NestFastifyApplication, publicUrl: string | undefined): Promise<string[]> {
  const token = await app.get(ApiTokens).bootstrap();
  if (!token) return [];
  const base = (publicUrl ?? (await app.getUrl())).replace(/\/$/, '');
  // A browser keeps the fragment to itself, so the token reaches no server log on its way.
  return [
    `Setup link, shown only now: ${base}/#token=${token.reveal()}`,
    `API token, shown only now: ${token.reveal()}`,
  ];
}
