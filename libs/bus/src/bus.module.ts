import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { counterIn, gaugeIn, metricCatalog, Health, Logger, type NatsConfig, ServerWaits } from '@tidewaiter/runtime';
import { type Counter, Registry } from 'prom-client';

import { Bus } from './connection.js';
import { DatabaseMirror } from './database-mirror.js';
import { type DeadLetterSink, JetStreamServer } from './jetstream-server.js';

export interface BusOptions {
  /** Name of the service, for the server's list of connections. */
  service: string;
  server: NatsConfig;
  /** Whether the service starts without NATS, which it then connects in the background. */
  startsWithout?: boolean;
  /** Dead-letter store; a provider that the application makes available to every module. */
  deadLetters: Type<DeadLetterSink>;
}

/**
 * JetStream for one service: {@link Bus} to publish, {@link JetStreamServer} as Nest's transport.
 */
@Module({})
export class BusModule {
  static forRoot({ service, server, startsWithout = false, deadLetters }: BusOptions): DynamicModule {
    return {
      module: BusModule,
      global: true,
      providers: [
        {
          provide: Bus,
          useFactory: (waits: ServerWaits) =>
            startsWithout ? Bus.inBackground(service, server, waits) : Bus.connect(service, server, waits),
          inject: [ServerWaits],
        },
        DatabaseMirror,
        {
          provide: JetStreamServer,
          useFactory: (bus: Bus, sink: DeadLetterSink, logger: Logger, metrics: Registry, health: Health) => {
            const server = new JetStreamServer(bus, sink, logger, messageCounter(metrics), health);
            waitingGauge(metrics, server);
            return server;
          },
          inject: [Bus, deadLetters, Logger, Registry, Health],
        },
      ],
      exports: [Bus, DatabaseMirror, JetStreamServer],
    };
  }
}

function messageCounter(metrics: Registry): Counter<'consumer' | 'result'> {
  return counterIn(metrics, metricCatalog.busMessages);
}

function waitingGauge(metrics: Registry, server: JetStreamServer): void {
  gaugeIn(metrics, metricCatalog.busWaiting, async (gauge) => {
    gauge.reset();
    // Unknown while NATS is away; the other metrics are wanted most then.
    const waiting = await server.waiting().catch(() => []);
    for (const { consumer, count } of waiting) gauge.set({ consumer }, count);
  });
}
