import type { paths } from './openapi.js';

type Get<Path extends keyof paths> = paths[Path] extends {
  get: { responses: { 200: { content: { 'application/json': infer Answer } } } };
}
  ? Answer
  : never;

type Post<Path extends keyof paths> = paths[Path] extends {
  post: { responses: { 200: { content: { 'application/json': infer Answer } } } };
}
  ? Answer
  : never;

type Item<Path extends keyof paths> = Get<Path> extends { items: readonly (infer Each)[] } ? Each : never;

export type Push = Item<'/api/v1/pushes'>;
export type PushDetail = Get<'/api/v1/pushes/{id}'>;
export type PushChanges = Get<'/api/v1/pushes/{id}/changes'>;
export type Comparison = Get<'/api/v1/compare'>;
export type Images = Get<'/api/v1/images/{digest}'>;
export type Image = Images['images'][number];
export type ImageFindings = Get<'/api/v1/images/{digest}/findings'>;
export type ImageFinding = ImageFindings['items'][number];
export type ImageBase = Item<'/api/v1/images/{digest}/base'>;
export type ImagePackage = Item<'/api/v1/images/{digest}/packages'>;
export type Incident = Item<'/api/v1/incidents'>;
export type IncidentDetail = Get<'/api/v1/incidents/{id}'>;
export type ContainmentOffer = Get<'/api/v1/incidents/{id}/containment'>['offers'][number];
export type ContainmentOrder = Get<'/api/v1/incidents/{id}/containment'>['orders'][number];
export type Alert = Item<'/api/v1/alerts'>;
export type Reach = Get<'/api/v1/blast-radius'>;
export type ReachedImage = Reach['items'][number];
export type ReachedContainer = Item<'/api/v1/blast-radius/containers'>;
export type Repository = Item<'/api/v1/repositories'>;
export type Vulnerability = Item<'/api/v1/vulnerabilities'>;
export type Upgrade = Item<'/api/v1/fixes'>;
export type VulnerabilityDetail = Get<'/api/v1/vulnerabilities/{id}'>;
export type VexStatement = Item<'/api/v1/vulnerabilities/{id}/vex'>;
export type SearchHit = Item<'/api/v1/search'>;
export type Workload = Item<'/api/v1/workloads'>;
export type WorkloadDetail = Get<'/api/v1/workloads/{cluster}/{namespace}/{kind}/{name}'>;
export type WorkloadNamespace = Item<'/api/v1/workloads/namespaces'>;
export type WorkloadFinding = Item<'/api/v1/workloads/findings'>;
export type Silence = Item<'/api/v1/silences'>;
export type SilencePreview = Post<'/api/v1/silences/preview'>;
export type Replay = Post<'/api/v1/routes/replay'>;
export type RegistryKinds = Get<'/api/v1/registry-kinds'>;
export type Unfixed = Get<'/api/v1/unfixed'>;
export type FixTimeGroups = Get<'/api/v1/fix-times/groups'>;
export type ReportRun = Get<'/api/v1/report-runs/{id}'>;
export type View = Item<'/api/v1/views'>;
export type Receiver = Item<'/api/v1/receivers'>;
export type Rule = Item<'/api/v1/rules'>;
export type Delivery = Item<'/api/v1/deliveries'>;
export type DeliveryDetail = Get<'/api/v1/deliveries/{id}'>;
export type DeadLetter = Item<'/api/v1/dead-letters'>;
/** All kinds of entries have the same shape. */
export type Entry = Item<'/api/v1/exceptions'>;
export type Routing = Get<'/api/v1/routes'>;
export type ExposureDay = Get<'/api/v1/vulnerabilities/{id}/trend'>['days'][number];
export type FixTimes = Get<'/api/v1/fix-times'>;
export type TrendDay = Get<'/api/v1/trends'>['days'][number];
export type Status = Get<'/api/v1/status'>;
export type StoredTable = Get<'/api/v1/storage'>['tables'][number];
export type Removal = Item<'/api/v1/removals'>;
export type Cluster = Item<'/api/v1/clusters'>;
export type JoinToken = Post<'/api/v1/clusters'>;

export type User = Item<'/api/v1/users'>;
export type Session = Item<'/api/v1/sessions'>;
export type ServiceAccount = Item<'/api/v1/service-accounts'>;
export type Token = Item<'/api/v1/tokens'>;
export type AuditEntry = Item<'/api/v1/audit'>;

/** Query parameters of a list. */
export type QueryOf<Path extends keyof paths> = paths[Path] extends { get: { parameters: { query?: infer Query } } }
  ? NonNullable<Query>
  : never;

/** Lists whose queries the API completes. */
export type CompletedList = QueryOf<'/api/v1/completions'>['list'];

/** Page of a list with the cursor of the next one. */
export interface Page<Row> {
  readonly items: readonly Row[];
  readonly next: string | null;
  /** Last evaluation of the fleet, in lists that count over it; null before the first. */
  readonly asOf?: string | null;
}
