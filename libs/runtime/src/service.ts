import 'reflect-metadata';

import { type DynamicModule, Global, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyServerOptions } from 'fastify';
import { collectDefaultMetrics, Registry } from 'prom-client';

import { Health, HealthController } from './health.js';
import { createLogger, Logger, nestLogger } from './logger.js';
import { ProblemFilter } from './problem.js';
import { startTelemetry, stopTelemetry } from './telemetry.js';

/** A service that runs. */
export interface RunningService {
  name: string;
  /** Where it listens: `http://127.0.0.1:7070`. */
  url: string;
  /** What a person should be told once it runs, such as a link that is shown only now. */
  notices: string[];
  /** Takes no more work, ends what it has begun, closes its connections. */
  stop(): Promise<void>;
}

export interface ServiceDefinition {
  name: string;
  module: DynamicModule;
  config: { httpHost: string; httpPort: number; logLevel: string; otlpEndpoint?: string | undefined };
  http?: Pick<FastifyServerOptions, 'bodyLimit' | 'trustProxy'>;
  /** Adds what only HTTP can: parsers, hooks, static files. */
  configure?(app: NestFastifyApplication): void | Promise<void>;
  /** The class of the bus transport, taken from the module's own providers. */
  transport?: Type<CustomTransportStrategy>;
  notices?(app: NestFastifyApplication): Promise<string[]>;
}

/** Starts one service: telemetry, its Nest application, its HTTP server, then its consumers. */
export async function startService(definition: ServiceDefinition): Promise<RunningService> {
  const { name, config } = definition;
  startTelemetry(config.otlpEndpoint);
  const logger = createLogger(name, config.logLevel);
  const app = await NestFactory.create<NestFastifyApplication>(
    rootModule(definition, logger),
    new FastifyAdapter({ bodyLimit: 1024 * 1024, ...definition.http }),
    { logger: nestLogger(logger), bodyParser: false, abortOnError: false },
  );
  try {
    app.useGlobalFilters(new ProblemFilter(logger));
    await definition.configure?.(app);
    if (definition.transport) app.connectMicroservice({ strategy: app.get(definition.transport) });
    await app.startAllMicroservices();
    await app.listen(config.httpPort, config.httpHost);
  } catch (error) {
    await app.close().catch(() => undefined);
    throw error;
  }
  const url = await app.getUrl();
  logger.info({ url }, 'service start');
  return {
    name,
    url,
    notices: (await definition.notices?.(app)) ?? [],
    async stop() {
      await app.close();
      await stopTelemetry();
      logger.info({}, 'service stop');
    },
  };
}

function rootModule({ name, module }: ServiceDefinition, logger: Logger): DynamicModule {
  const metrics = new Registry();
  metrics.setDefaultLabels({ service: name });
  collectDefaultMetrics({ register: metrics });
  return {
    module: RootModule,
    global: true,
    imports: [module],
    controllers: [HealthController],
    providers: [Health, { provide: Logger, useValue: logger }, { provide: Registry, useValue: metrics }],
    exports: [Health, Logger, Registry],
  };
}

@Global()
@Module({})
class RootModule {}
