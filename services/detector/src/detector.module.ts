import { type DynamicModule, Module } from '@nestjs/common';
import { Bus, BusModule } from '@tidewaiter/bus';
import type { Config } from '@tidewaiter/runtime';
import { DeadLetters, StoreModule } from '@tidewaiter/store';
import { Counter, Registry } from 'prom-client';

import type { detectorConfig } from './config.js';
import { KnownImages } from './known-images.js';
import { OpenIncidents } from './open-incidents.js';

/** The wiring of the detector. */
@Module({})
export class DetectorModule {
  static forRoot({ natsUrl, databaseUrl, databasePool }: Config<typeof detectorConfig>): DynamicModule {
    return {
      module: DetectorModule,
      imports: [
        BusModule.forRoot({ service: 'detector', url: natsUrl, deadLetters: DeadLetters }),
        StoreModule.forRoot({ service: 'detector', url: databaseUrl, poolSize: databasePool, publisher: Bus }),
      ],
      controllers: [OpenIncidents],
      providers: [KnownImages, { provide: Counter, useFactory: eventCounter, inject: [Registry] }],
    };
  }
}

function eventCounter(metrics: Registry): Counter<'result'> {
  return new Counter({
    name: 'tidewaiter_detector_events_total',
    help: 'Runtime events by what they did to incidents',
    labelNames: ['result'],
    registers: [metrics],
  });
}
