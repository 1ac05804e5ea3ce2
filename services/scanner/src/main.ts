import { JetStreamServer } from '@tidewaiter/bus';
import { type Environment, readSettings, type RunningService, startReloadable } from '@tidewaiter/runtime';

import { ScannerConfig } from './config.js';
import { ScannerModule } from './scanner.module.js';

/**
 * Starts the scanner: it takes pushes from the bus, reads their layers, and stores inventory and
 * verdict.
 */
export async function start(environment: Environment): Promise<RunningService> {
  return startReloadable((files) => {
    const config = new ScannerConfig(environment);
    const settings = readSettings(config.settingsFile, files, 'scanner');
    return {
      name: 'scanner',
      module: ScannerModule.forRoot(config, settings),
      config,
      transport: JetStreamServer,
    };
  });
}
