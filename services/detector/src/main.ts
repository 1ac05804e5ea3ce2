import { type Environment, readSettings, type RunningService, startReloadable } from '@tidewaiter/runtime';

import { DetectorConfig } from './config.js';
import { DetectorModule } from './detector.module.js';
import type { LastRules } from './rules/rule-loader.js';

// For callers with their own facts: the test that compares live operation with `replay`.
export { DetectorConfig, DetectorModule };

/** Starts the detector: runtime events in, incidents out. */
export async function start(environment: Environment): Promise<RunningService> {
  const lastRules: LastRules = { loaded: null };
  return startReloadable((files) => {
    const config = new DetectorConfig(environment);
    const settings = readSettings(config.settingsFile, files, 'detector');
    return { name: 'detector', module: DetectorModule.forRoot(config, settings, lastRules), config };
  });
}
