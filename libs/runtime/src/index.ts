export {
  commonSettings,
  consoleUrl,
  databasePool,
  databaseUrl,
  httpPort,
  logLevel,
  natsUrl,
  processEnvironment,
  readConfig,
  redisUrl,
  setting,
  settingsFile,
} from './environment.js';
export type { Config, Environment, Setting } from './environment.js';
export { parseSettings, readSettings } from './settings.js';
export type { RegistrySettings, SensorSettings, TidewaiterSettings } from './settings.js';
export { Egress } from './egress.js';
export type { EgressPolicy, EgressRequest, ResolveHost } from './egress.js';
export type { EgressTls, ResolvedAddress } from './egress-pools.js';
export type { EgressResponse } from './egress-response.js';
export { createLogger, Logger } from './logger.js';
export { currentTraceparent, startTelemetry, stopTelemetry, withSpan } from './telemetry.js';
export { Health } from './health.js';
export type { ReadinessCheck } from './health.js';
export { ProblemFilter, problemOf, sendProblem } from './problem.js';
export type { Problem } from './problem.js';
export { startService } from './service.js';
export type { RunningService, ServiceDefinition } from './service.js';
