import { type Environment, readConfig, readSettings, type RunningService, startService } from '@tidewaiter/runtime';

import { detectorConfig } from './config.js';
import { DetectorModule } from './detector.module.js';

/** Starts the detector: runtime events in, incidents out. */
export async function start(environment: Environment): Promise<RunningService> {
  const config = readConfig(detectorConfig, environment);
  const { runtime: policy } = readSettings(config.settingsFile);
  return startService({ name: 'detector', module: DetectorModule.forRoot(config, policy), config });
}
