import 'reflect-metadata';

import { setTimeout as sleep } from 'node:timers/promises';

import { type DynamicModule, Global, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type ManagedEntrySet, type TidewaiterError, Unavailable } from '@tidewaiter/domain';
import type { FastifyServerOptions } from 'fastify';
import { Registry } from 'prom-client';

import { ConfigFiles } from './config-files.js';
import { type ConfigInUse, ConfigState } from './config-state.js';
import { EveryModule } from './every.js';
import { HealthModule } from './health.js';
import { type Backend, HttpFront } from './http-front.js';
import { type ListenerConfig, readServerTls } from './listener.js';
import { createLogger, Logger, nestLogger } from './logger.js';
import { processRegistry } from './metrics.js';
import { problemOf, ProblemFilter, sendProblem } from './problem.js';
import { type ServerWait, ServerWaits } from './server-wait.js';
import { startTelemetry, stopTelemetry } from './telemetry.js';

/** A running service. */
export interface RunningService {
  name: string;
  /** URL that it listens on: `http://127.0.0.1:7070`. */
  url: string;
  /** URL of its health and metrics; another one where they have a port of their own. */
  healthUrl: string;
  /** Messages for the user once it runs, such as a link that is shown only now. */
  notices: string[];
  /** Reloads the configuration; if it is invalid, logs that and keeps the last good one. */
  reload(): Promise<void>;
  /** Takes no more work, finishes work in progress, closes its connections. */
  stop(): Promise<void>;
}

export interface ServiceDefinition extends ConfigInUse {
  name: string;
  module: DynamicModule;
  config: ListenerConfig & { logLevel: string; otlpEndpoint?: string | undefined };
  http?: Pick<FastifyServerOptions, 'bodyLimit' | 'trustProxy'>;
  /** Adds HTTP parsers, hooks and static files. */
  configure?(app: NestFastifyApplication): void | Promise<void>;
  /** The class of the bus transport, taken from the module's own providers. */
  transport?: Type<CustomTransportStrategy>;
  notices?(app: NestFastifyApplication, url: string): Promise<string[]>;
  /** Error about managed entries that were replaced by the strictest ones, at the start alone. */
  configError?: TidewaiterError | null;
}

/** Whether a service starts, or reloads its configuration. */
export interface Definition {
  managed: ManagedEntrySet | null;
  isStart: boolean;
}

const watchEveryMs = 2_000;
const startAgainMs = 500;
/**
 * Time limit for requests in progress at a reload, which the previous application still answers.
 */
const drainWithinMs = 10_000;

/** Starts one service whose configuration never changes. */
export async function startService(definition: ServiceDefinition): Promise<RunningService> {
  return startReloadable(() => definition);
}

/**
 * Starts one service: telemetry, its Nest application, its HTTP server, then its consumers. When a
 * file that `define` has read changes, a second application starts beside the first and takes over,
 * like a second replica: no port closes, no message is lost, and the first one stays if the new
 * configuration is invalid.
 * @param define reads the configuration; it is called again for every reload
 * @param readManaged reads the managed entries for the start; null if the database is away
 */
export async function startReloadable(
  define: (files: ConfigFiles, definition: Definition) => ServiceDefinition,
  readManaged: (log: Logger, waits: ServerWaits) => Promise<ManagedEntrySet | null> = async () => null,
): Promise<RunningService> {
  let files = new ConfigFiles();
  // A wrong file ends the start before the wait for the database.
  const { name, config } = define(files, { managed: null, isStart: true });
  startTelemetry(config.otlpEndpoint);
  const logger = createLogger(name, config.logLevel);
  const waits = new ServerWaits(logger);
  const problems = () => waits.current();
  const front = new HttpFront({ status: 'starting', problems }, readServerTls(config, files));
  const { httpPort, httpHost, metricsPort } = config;
  // Before the wait for the servers, so that it can be seen from outside.
  const { url, metricsUrl } = await front.listen(httpPort, httpHost, metricsPort).catch(closing(front));
  const managed = await patiently(async () => readManaged(logger, waits), waits).catch(closing(front));
  const definition = define(files, { managed, isStart: true });
  const state = new ConfigState(managed);
  state.uses(definition);
  if (definition.configError) {
    state.failed(definition.configError);
    logger.error({ err: definition.configError, code: definition.configError.code }, 'managed entries not read');
  }
  const surroundings = { logger, front, state, waits };
  let replica = await patiently(
    async () => startReplica(define(files, { managed, isStart: true }), surroundings),
    waits,
  ).catch(closing(front));
  await front.serve(replica.backend, 0);
  logger.info({ url, metricsUrl }, 'service start');

  const load = async (): Promise<void> => {
    const fresh = new ConfigFiles();
    try {
      const next = define(fresh, { managed: state.managed, isStart: false });
      const tls = readServerTls(next.config, fresh);
      const started = await startReplica(next, surroundings);
      if (tls) front.renew(tls);
      const before = replica;
      replica = started;
      files = fresh;
      state.loaded();
      state.uses(next);
      await front.serve(started.backend, drainWithinMs);
      await before.app.close();
      logger.info({}, 'configuration reload done');
    } catch (err) {
      files.settle();
      state.failed(err);
      logger.error({ err, code: state.error?.code }, 'configuration reload failed');
    }
  };
  // Serialized, as a signal and a changed file may trigger reloads at once.
  let reloading: Promise<void> = Promise.resolve();
  let isLoading = false;
  const reload = (): Promise<void> => {
    isLoading = true;
    return (reloading = reloading.then(load).finally(() => (isLoading = false)));
  };
  let isStopping = false;
  state.onOffer(() => void (!isStopping && reload()));
  const watching = setInterval(() => void (!isLoading && files.hasChanged() && reload()), watchEveryMs).unref();
  return {
    name,
    url,
    healthUrl: metricsUrl ?? url,
    notices: await patiently(async () => (await definition.notices?.(replica.app, url)) ?? [], waits),
    reload,
    async stop() {
      isStopping = true;
      clearInterval(watching);
      await front.retire({ status: 'stopping', problems }, drainWithinMs);
      await reloading;
      await replica.app.close();
      await front.close();
      await stopTelemetry();
      logger.info({}, 'service stop');
    },
  };
}

/** Servers by the code of an outage that a start may meet. */
const serverOfOutage: Partial<Record<string, string>> = { STORE_UNAVAILABLE: 'PostgreSQL', BUS_UNAVAILABLE: 'NATS' };

/** Repeats a part of the start that loses a server on its way, as often as that happens. */
async function patiently<Result>(start: () => Promise<Result>, waits: ServerWaits): Promise<Result> {
  let wait: ServerWait | undefined;
  try {
    while (true) {
      try {
        return await start();
      } catch (error) {
        const server = error instanceof Unavailable && serverOfOutage[error.code];
        if (!server) throw error;
        wait ??= waits.begin(server);
        wait.failed(error);
      }
      await sleep(startAgainMs);
    }
  } finally {
    wait?.over();
  }
}

/** Closes the ports after an error, which is thrown on. */
function closing(front: HttpFront): (error: unknown) => Promise<never> {
  return async (error) => {
    await front.close();
    throw error;
  };
}

interface Replica {
  app: NestFastifyApplication;
  backend: Backend;
}

interface Surroundings {
  logger: Logger;
  front: HttpFront;
  state: ConfigState;
  waits: ServerWaits;
}

/** Handler for errors of the router, because Fastify's own response quotes the path. */
const frameworkErrors: FastifyServerOptions['frameworkErrors'] = (error, _request, reply) =>
  void sendProblem(reply, problemOf(error));

/** Starts an application with its consumers; the front does not route requests to it yet. */
async function startReplica(
  definition: ServiceDefinition,
  { logger, front, state, waits }: Surroundings,
): Promise<Replica> {
  const backend = front.backend();
  const { serverFactory } = backend;
  const app = await NestFactory.create<NestFastifyApplication>(
    rootModule(definition, { logger, state, waits }),
    new FastifyAdapter({ bodyLimit: 1024 * 1024, frameworkErrors, ...definition.http, serverFactory }),
    { logger: nestLogger(logger), bodyParser: false, abortOnError: false },
  );
  try {
    app.useGlobalFilters(new ProblemFilter(logger));
    separatePorts(app, front);
    await definition.configure?.(app);
    if (definition.transport) app.connectMicroservice({ strategy: app.get(definition.transport) });
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    await app.startAllMicroservices();
    return { app, backend };
  } catch (error) {
    await app.close().catch(() => undefined);
    throw error;
  }
}

const metricsPaths: readonly (string | undefined)[] = ['/metrics', '/livez', '/readyz', '/startupz'];

/** Gives the port for metrics and health nothing else, and metrics no other port. */
function separatePorts(app: NestFastifyApplication, front: HttpFront): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRequest', (request, reply, done) => {
    // The path of the route, since a path can be written in several ways.
    const { url } = request.routeOptions;
    const isAllowed = front.isForMetrics(request.raw)
      ? metricsPaths.includes(url)
      : !(front.hasMetricsPort && url === '/metrics');
    if (isAllowed) return done();
    sendProblem(reply, { status: 404, code: 'NOT_FOUND', title: 'not on this port' });
  });
}

function rootModule(
  { name, module }: ServiceDefinition,
  { logger, state, waits }: Omit<Surroundings, 'front'>,
): DynamicModule {
  const metrics = processRegistry(name);
  state.measuredBy(metrics);
  return {
    module: RootModule,
    global: true,
    imports: [HealthModule, module, EveryModule],
    providers: [
      { provide: Logger, useValue: logger },
      { provide: Registry, useValue: metrics },
      { provide: ConfigState, useValue: state },
      { provide: ServerWaits, useValue: waits },
    ],
    exports: [Logger, Registry, ConfigState, ServerWaits],
  };
}

@Global()
@Module({})
class RootModule {}
