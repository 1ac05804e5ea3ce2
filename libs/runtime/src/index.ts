export { commonSettings, consoleUrl, httpPort, publicUrl, readConfig, redisUrl, setting } from './environment.js';
export type { Config, Environment, Setting } from './environment.js';
export { parseSettings, readFolder, readSettings, registryKindWords } from './settings.js';
export type {
  AdmissionSettings,
  MirrorSettings,
  Reconciliation,
  RedeliverSettings,
  RegistrySettings,
  SensorSettings,
  SignerSettings,
  TidewaiterSettings,
} from './settings.js';
export { maxOwnerCharacters } from './owner-settings.js';
export type { OwnerSettings } from './owner-settings.js';
export type { PipelineSettings, TokenIssuer } from './pipeline-settings.js';
export { Egress } from './egress.js';
export type { ClientCertificate, EgressProxy, EgressTls } from './egress-pools.js';
export { bypassesProxy } from './no-proxy.js';
export type { EgressRequest } from './egress.js';
export { classifyAddress } from './egress-address.js';
export type { EgressResponse } from './egress-response.js';
export { createLogger, Logger } from './logger.js';
export { currentTraceparent, withSpan } from './telemetry.js';
export { Health } from './health.js';
export { ProblemFilter, problemOf, sendProblem } from './problem.js';
export { repeat } from './repeat.js';
export type { Repetition } from './repeat.js';
export { startService } from './service.js';
export type { RunningService, ServiceDefinition } from './service.js';
