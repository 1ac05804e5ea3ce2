import { type Environment, readConfig, type RunningService, startService } from '@tidewaiter/runtime';

import { detectorConfig } from './config.js';
import { DetectorModule } from './detector.module.js';

/** Starts the detector: runtime events in, incidents out. */
export async function start(environment: Environment): Promise<RunningService> {
  const config = readConfig(detectorConfig, environment);
  return startService({ name: 'detector', module: DetectorModule.forRoot(config), config });
}
