import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { readTemplates } from '@tidewaiter/messages';
import {
  type ConfigFiles,
  type Definition,
  type Environment,
  loadSettings,
  type RunningService,
  type ServiceDefinition,
  startReloadable,
} from '@tidewaiter/runtime';
import { AuditLog, entriesAtStart, SetupLinks } from '@tidewaiter/store';

import { acceptLargeReviews } from './admission/admission-http.js';
import { ConsoleConfig } from './config.js';
import { ConsoleModule } from './console.module.js';
import { servePages } from './http/web-pages.js';
import { readForms } from './oidc/forms.js';

/** Starts the console: the API, and the web pages over it. */
export async function start(environment: Environment): Promise<RunningService> {
  const define = (files: ConfigFiles, definition: Definition): ServiceDefinition => {
    const config = new ConsoleConfig(environment);
    const { settings, configError } = loadSettings(config, 'console', files, definition);
    return {
      name: 'console',
      module: ConsoleModule.forRoot(config, settings, readTemplates(settings.templates)),
      config,
      configError,
      http: { bodyLimit: 4 * 1024 * 1024 },
      configure: async (app) => {
        acceptLargeReviews(app);
        readForms(app);
        await servePages(app);
      },
      notices: async (app, url) => setupNotices(app, config.publicUrl ?? url),
    };
  };
  return startReloadable(define, async (log, waits) => {
    const { databaseUrl: url } = new ConsoleConfig(environment);
    return entriesAtStart({ url, poolSize: 2, name: 'console', log, waits });
  });
}

/** The link makes the first administrator. There is none once there is an administrator. */
async function setupNotices(app: NestFastifyApplication, url: string): Promise<string[]> {
  const act = { actor: 'console', action: 'setup-link.created', address: null } as const;
  const secret = await app.get(AuditLog).during(act, async () => app.get(SetupLinks).make());
  if (!secret) return [];
  // A browser keeps the fragment to itself, so the secret reaches no server log on its way.
  const link = `${url.replace(/\/$/, '')}/#setup=${secret.reveal()}`;
  return [`Setup link, works once within an hour: ${link}`];
}
