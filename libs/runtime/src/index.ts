export { ConfigModule } from './config.module.js';
export {
  commonSettings,
  configOf,
  consoleUrl,
  entryKey,
  httpPort,
  ingestUrl,
  listeningSettings,
  publicUrl,
  redisSettings,
  type RetentionDays,
  retentionSettings,
  setting,
} from './environment.js';
export type { Config, Environment, NatsConfig, RedisConfig, Setting } from './environment.js';
export { accessScopeShape } from './access-settings.js';
export type { CiAccess, OidcSettings } from './access-settings.js';
export { loadSettings, parseSettings, readFolder, readSettings, TidewaiterSettings } from './settings.js';
export type { ManagedInput } from './settings.js';
export { entryRules } from './entries/entry-rules.js';
export { checkEntry } from './entries/check-entry.js';
export { hasPlaceFor, splitSecrets } from './entries/entry-secrets.js';
export type { Management } from './entries/managed-document.js';
export { entryName } from './entries/merge-entries.js';
export type { FileEntry } from './entries/merge-entries.js';
export { seal } from './entries/sealing.js';
export type { AdmissionSettings } from './admission-settings.js';
export type { ContainmentSettings } from './containment-settings.js';
export type { MirrorSettings } from './registry-host-settings.js';
export type { Reconciliation, RedeliverSettings, RegistrySettings } from './registry-settings.js';
export type { SensorSettings } from './sensor-settings.js';
export type { SignerSettings } from './signer-settings.js';
export { maxOwnerCharacters } from './owner-settings.js';
export { groupings } from './report-settings.js';
export type { Grouping, ReportSettings } from './report-settings.js';
export type { ReleaseSettings } from './release-settings.js';
export type { OwnerSettings } from './owner-settings.js';
export type { PipelineSettings, TokenIssuer } from './pipeline-settings.js';
export { createLogger, Logger } from './logger.js';
export { currentTraceparent, withSpan } from './telemetry.js';
export { ConfigFiles } from './config-files.js';
export { ConfigState, type ConfigError } from './config-state.js';
export { armFailpoints, failpoint, failpointCatalog } from './failpoints.js';
export type { FailpointName } from './failpoints.js';
export { Health, HealthController } from './health.js';
export { ProblemFilter, problemOf, sendProblem } from './problem.js';
export { metricCatalog, metricsMarkdown } from './metric-catalog.js';
export { counterIn, gaugeIn, histogramIn } from './metrics.js';
export { Every, startEvery } from './every.js';
export { repeat } from './repeat.js';
export type { Repetition } from './repeat.js';
export { InFlightBytes } from './in-flight-bytes.js';
export { limitRequestTime } from './http-front.js';
export { hostUrls, withoutPassword } from './server-urls.js';
export { reasonOf } from './reason.js';
export { ServerWaits } from './server-wait.js';
export type { ServerWait } from './server-wait.js';
export { startReloadable, startService } from './service.js';
export type { Definition, RunningService, ServiceDefinition } from './service.js';
export { errorsMarkdown } from './errors-markdown.js';
