export { anyCharacter } from './any-character.js';
export { accessibilityViolations } from './accessibility.js';
export { tarArchive } from './tar-writer.js';
export type { TarEntry } from './tar-writer.js';
export { zipArchive } from './zip-writer.js';
export type { ZipFile } from './zip-writer.js';
export { rpmDatabase } from './rpm-database.js';
export type { RpmToWrite } from './rpm-database.js';
export { elfFile } from './elf-writer.js';
export type { ElfShape } from './elf-writer.js';
export { brokenCopies, unexpectedErrors } from './damaged-copies.js';
export { buildImage, buildIndex, digestOf } from './image-builder.js';
export type { BuiltImage, ImageSpec } from './image-builder.js';
export { cosign, cosignAttest, cosignKey, cosignSign } from './cosign.js';
export type { CosignKey } from './cosign.js';
export { pushImage, startRegistry } from './registry.js';
export type { RegistryOptions, TestRegistry } from './registry.js';
export { startHostileRegistry } from './hostile-registry.js';
export type { HostileRegistry, LayerAnswer } from './hostile-registry.js';
export { layoutTags, startLayoutRegistry } from './layout-registry.js';
export type { LayoutRegistry } from './layout-registry.js';
export { signingAuthority } from './signing-authority.js';
export type { SigningAuthority, TestCertificate, TestIdentity } from './signing-authority.js';
export { throwAwayServers } from './throw-away-servers.js';
export type { TestPostgres, TestServer, ThrowAwayServers } from './throw-away-servers.js';
export { entryKeyOfTests, startConsole } from './console.js';
export type { TestConsole } from './console.js';
export { startHttpServer, testCertificate } from './http-server.js';
export { startNatsServers } from './infrastructure/nats.js';
export type { TestNats } from './infrastructure/nats.js';
export { startRedisServers } from './infrastructure/redis.js';
export type { TestRedis } from './infrastructure/redis.js';
export { startDatabase } from './infrastructure/postgres.js';
export type { TestDatabase } from './infrastructure/postgres.js';
export { clusterAuthority, testAuthority } from './test-authority.js';
export type { TestHttpServer } from './http-server.js';
export { httpSink, webhookSink } from './http-sink.js';
export type { SinkAnswer, HttpSink, ReceivedRequest } from './http-sink.js';
export { httpProxy } from './http-proxy.js';
export type { HttpProxy } from './http-proxy.js';
export { slackSink } from './slack-sink.js';
export type { SlackPost, SlackSink } from './slack-sink.js';
export { jiraSink } from './jira-sink.js';
export type { JiraSink, JiraSinkIssue } from './jira-sink.js';
export { snsSink } from './sns-sink.js';
export type { PublishedMessage, SnsSink } from './sns-sink.js';
export { mailSink } from './mail-sink.js';
export type { MailSink, ReceivedMail, Refusal } from './mail-sink.js';
export { hostileJson, replaceValue } from './hostile-json.js';
export { captureOutput } from './capture-output.js';
export type { CapturedOutput } from './capture-output.js';
export { containmentOrder } from './containment.js';
export { kubernetesStandIn } from './kubernetes-stand-in.js';
export type { KubernetesStandIn, StandInObject } from './kubernetes-stand-in.js';
export { minerIncident, uuidOf } from './incident.js';
export { listed } from './listed.js';
export { observation } from './observation.js';
export type { ObservationSketch } from './observation.js';
export { endWork, workOf } from './work-of.js';
export {
  ability,
  corpusImages,
  describeWith,
  itWith,
  kubernetesNode,
  pathOf,
  programs,
  reportMissing,
  sharedData,
} from './needs.js';
export type { Need, TestProgram } from './needs.js';
export { AnyRegistry, envelopeOf } from './any-registry.js';
export type { AnyImage, AnyLayer } from './any-registry.js';
export { dpkg, osRelease, stanza } from './debian-layers.js';
export { TestScanner, until } from './scanner.js';
