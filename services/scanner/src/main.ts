import { JetStreamServer } from '@tidewaiter/bus';
import {
  type ConfigFiles,
  type Definition,
  type Environment,
  loadSettings,
  type RunningService,
  type ServiceDefinition,
  startReloadable,
} from '@tidewaiter/runtime';
import { entriesAtStart } from '@tidewaiter/store';

import { ScannerConfig } from './config.js';
import { ScannerModule } from './scanner.module.js';

/**
 * Starts the scanner: it takes pushes from the bus, reads their layers, and stores inventory and
 * verdict.
 */
export async function start(environment: Environment): Promise<RunningService> {
  const define = (files: ConfigFiles, definition: Definition): ServiceDefinition => {
    const config = new ScannerConfig(environment);
    const { settings, configError } = loadSettings(config, 'scanner', files, definition);
    return {
      name: 'scanner',
      module: ScannerModule.forRoot(config, settings),
      config,
      configError,
      transport: JetStreamServer,
    };
  };
  return startReloadable(define, async (log, waits) => {
    const { databaseUrl: url } = new ScannerConfig(environment);
    return entriesAtStart({ url, poolSize: 2, name: 'scanner', log, waits });
  });
}
