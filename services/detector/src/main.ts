import { type Environment, readConfig, readSettings, type RunningService, startReloadable } from '@tidewaiter/runtime';

import { detectorConfig } from './config.js';
import { DetectorModule } from './detector.module.js';

// For callers with their own facts: the test that compares live operation with `replay`.
export { detectorConfig, DetectorModule };

/** Starts the detector: runtime events in, incidents out. */
export async function start(environment: Environment): Promise<RunningService> {
  return startReloadable((files) => {
    const config = readConfig(detectorConfig, environment);
    const { runtime: policy } = readSettings(config.settingsFile, files);
    return { name: 'detector', module: DetectorModule.forRoot(config, policy), config };
  });
}
