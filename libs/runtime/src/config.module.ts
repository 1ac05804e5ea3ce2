import { type DynamicModule, Global, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Egress } from '@tidewaiter/egress';

import { TidewaiterSettings } from './settings.js';

/**
 * Provides every module of a service with the configuration from its environment, by its class, the
 * settings of `tidewaiter.yaml`, and the one {@link Egress} that they allow.
 */
@Global()
@Module({})
export class ConfigModule implements OnApplicationShutdown {
  /** @param isStrict whether no private address may be reached without `egress.allow` */
  static forRoot(config: object, settings: TidewaiterSettings, isStrict = false): DynamicModule {
    return {
      module: ConfigModule,
      providers: [
        { provide: config.constructor, useValue: config },
        { provide: TidewaiterSettings, useValue: settings },
        { provide: Egress, useValue: new Egress({ allow: settings.egressAllow, isStrict }) },
      ],
      exports: [config.constructor, TidewaiterSettings, Egress],
    };
  }

  constructor(private readonly egress: Egress) {}

  async onApplicationShutdown(): Promise<void> {
    await this.egress.close();
  }
}
