import type { AccessScope } from '@tidewaiter/domain';
import { ownerLabel } from '@tidewaiter/workloads';

import { AdvisoryEcosystemRow, AdvisoryFeedRow, AdvisoryImportRow } from '../advisories/advisory-rows.js';
import {
  AdvisoryPackageRow,
  AdvisoryRow,
  EndOfLifeRow,
  EpssRow,
  KevRow,
  PackageMatchRow,
  RepositoryCpeRow,
} from '../advisories/advisory-rows.js';
import { ContainmentOrderRow, ContainmentTransitionRow } from '../containment/containment-rows.js';
import { type Entity, tableOf } from '../core/columns.js';
import { entities } from '../core/entities.js';
import { likePattern } from '../core/lists.js';
import type { RowLimits, SqlStatement } from '../core/store.js';
import { DeliveryRow } from '../deliveries/delivery-rows.js';
import { exposureQueries } from '../images/exposure/exposure-counts.js';
import { FleetRefreshRow, PackageVulnerabilityRow } from '../images/exposure/exposure-rows.js';
import { ImageFindingRow, ImageRow } from '../images/image-rows.js';
import { ImageLayerRow, LayerBlobRow, LayerFailureRow, LayerRow } from '../images/layer-rows.js';
import { ImagePackageRow, PackageRow } from '../images/package-rows.js';
import { PipelineReportRow } from '../images/pushes/pipeline-rows.js';
import { ImageProvenanceRow, PushIdentityRow, RepositoryFindingRow } from '../images/pushes/provenance-rows.js';
import { PushChangeRow, PushImageRow, PushRow, TagLedgerRow } from '../images/pushes/push-rows.js';
import { DetectionAlertRow, DetectionRuleRow } from '../incidents/detection-rows.js';
import { IncidentRevisionRow, IncidentRow } from '../incidents/incident-rows.js';
import { ContainerLedgerRow, ImageManifestRow, PackageUseRow } from '../workloads/workload-rows.js';
import { WorkloadFindingRow, WorkloadRow } from '../workloads/workload-rows.js';

/** Rule of the settings about an owner; a missing pattern matches everything. */
export interface OwnerRule {
  repository?: string | undefined;
  namespace?: string | undefined;
  owner: string;
}

/** Tables that hold what is published, or what no part of the fleet owns. */
const publicTables: readonly Entity<object>[] = [
  AdvisoryEcosystemRow,
  AdvisoryFeedRow,
  AdvisoryImportRow,
  AdvisoryPackageRow,
  AdvisoryRow,
  DetectionRuleRow,
  EndOfLifeRow,
  EpssRow,
  FleetRefreshRow,
  RepositoryCpeRow,
  KevRow,
];

/** Evidence of a finding that comes from images of other repositories. */
const foreignEvidence = ['comparedWith', 'expected', 'repositoriesWithActual', 'repositoriesWithExpected'];

/** Adds a value to the parameters, and returns its placeholder. */
type Add = (value: unknown) => string;

/** SQL expressions for the place of something; null in SQL where it is not known. */
interface Place {
  cluster: string;
  namespace: string;
  /** Repository of its image, with or without the registry, and without a tag. */
  image: string;
}

/**
 * Limits statements to the rows that scopes hold. Each table of the store becomes, for the
 * statement, a common table expression of its name with the condition of its rows: whatever the
 * statement reads of it, in a join, a count or an `EXISTS`, it reads of those rows alone. A table
 * without a condition has no rows.
 *
 * Images are in a scope by their repository; what runs is by its place. An image that runs in the
 * place of a scope is visible as the workload's: with the pushes that brought it into the
 * repository which its container names, and without anything else of that repository.
 */
export class ScopedRows implements RowLimits {
  /** Heads by the number of the first parameter. */
  readonly #heads = new Map<string, SqlStatement>();

  constructor(
    private readonly scopes: readonly AccessScope[],
    private readonly owners: readonly OwnerRule[],
  ) {}

  apply({ sql, parameters }: SqlStatement): SqlStatement {
    const text = sql.trimStart();
    // Statements that the store itself prefixes to a query.
    if (/^SET LOCAL \w+ = '?\w+'?$/.test(text)) return { sql, parameters };
    const hasHead = /^WITH\s/i.test(text);
    const rest = hasHead ? text.slice('WITH'.length).trimStart() : text;
    const isQuery = hasHead || /^[\s(]*(?:SELECT|VALUES)\b/i.test(rest);
    if (!isQuery || /\b(?:INSERT|UPDATE|DELETE|MERGE)\b/i.test(rest)) throw new Error('only queries run within limits');
    // A recursive head would make every table of it refer to itself.
    if (/^RECURSIVE\b/i.test(rest)) throw new Error('no recursive query runs within limits');
    const head = this.#head(parameters.length, /\bfleet_(?:vulnerability|upgrade)\b/i.test(rest));
    return {
      sql: `${head.sql}${hasHead ? ', ' : ' '}${rest}`,
      parameters: [...parameters, ...head.parameters],
    };
  }

  #head(taken: number, hasExposure: boolean): SqlStatement {
    const key = `${taken} ${hasExposure}`;
    const known = this.#heads.get(key);
    if (known) return known;
    const parameters: unknown[] = [];
    const add = (value: unknown) => `$${taken + parameters.push(value)}`;
    const tables = [...tablesOf(this.scopes, this.owners, hasExposure, add)];
    const head = { sql: `WITH ${tables.join(', ')}`, parameters };
    this.#heads.set(key, head);
    return head;
  }
}

/** Columns and rows in place of those of the table. */
interface Shown {
  /** Expressions of columns by their names. */
  columns?: Readonly<Record<string, string>>;
  from?: string;
}

/** Common table expressions, in the order in which they refer to each other. */
function* tablesOf(
  scopes: readonly AccessScope[],
  owners: readonly OwnerRule[],
  hasExposure: boolean,
  add: Add,
): Generator<string> {
  const named = new Set<string>();
  const rows = (entity: Entity<object>, condition: string, { columns: changed, from }: Shown = {}) => {
    const { name, columns } = tableOf(entity);
    named.add(name);
    const shown = changed ? columns.map((column) => changed[column.name] ?? column.name).join(', ') : '*';
    return `${name} AS NOT MATERIALIZED (SELECT ${shown} FROM ${from ?? name} WHERE ${condition})`;
  };
  const holds = conditionsOf(scopes, owners, add);
  // Places of images that run are looked up before their pushes are known to be visible.
  for (const name of ['push', 'push_image', 'container_ledger', 'workload'])
    yield `every_${name} AS NOT MATERIALIZED (SELECT * FROM ${name})`;
  yield rows(ContainerLedgerRow, holds.container);
  yield `workload_push AS MATERIALIZED (${workloadPushes})`;
  yield rows(
    PushRow,
    holds.hasPlaces ? `${holds.push('push')} OR id IN (SELECT id FROM workload_push)` : holds.push('push'),
  );
  yield rows(PushImageRow, 'push_id IN (SELECT id FROM push)');
  yield `workload_image AS MATERIALIZED (${workloadImages})`;
  yield `visible_image AS NOT MATERIALIZED (SELECT image_digest FROM push_image
    ${holds.hasPlaces ? 'UNION ALL SELECT image_digest FROM workload_image' : ''})`;
  const ofImage = 'image_digest IN (SELECT image_digest FROM visible_image)';
  yield rows(ImageRow, 'digest IN (SELECT image_digest FROM visible_image)', {
    columns: { newest_push_id: 'newest.push_id AS newest_push_id', pushed_at: 'newest.received_at AS pushed_at' },
    from: `image LEFT JOIN (${newestPushes}) AS newest ON newest.image_digest = image.digest`,
  });
  for (const entity of [ImageFindingRow, ImageLayerRow, ImageManifestRow, ImagePackageRow]) yield rows(entity, ofImage);
  // Another repository may run the same image in its own way.
  yield rows(PackageUseRow, 'image_digest IN (SELECT image_digest FROM workload_image)');
  const ofLayer = 'diff_id IN (SELECT diff_id FROM image_layer)';
  for (const entity of [LayerRow, LayerBlobRow]) yield rows(entity, ofLayer);
  const ofRepository = '(connection, repository) IN (SELECT connection, repository FROM push)';
  for (const entity of [ImageProvenanceRow, LayerFailureRow]) yield rows(entity, ofRepository);
  const finding = `finding${foreignEvidence.map((key) => ` #- '{evidence,${key}}'`).join('')} AS finding`;
  yield rows(RepositoryFindingRow, ofRepository, { columns: { finding } });
  yield rows(
    TagLedgerRow,
    `push_id IN (SELECT id FROM push)
      OR (connection, repository) IN (SELECT connection, repository FROM every_push WHERE ${holds.push('every_push')})`,
  );
  for (const entity of [PushChangeRow, PushIdentityRow]) yield rows(entity, 'push_id IN (SELECT id FROM push)');
  yield rows(
    PipelineReportRow,
    `(${ofImage} OR image_digest IN (SELECT digest FROM push))
      AND (repository IS NULL OR repository IN (SELECT repository FROM push))`,
  );
  yield rows(WorkloadRow, holds.workload('workload'));
  yield rows(WorkloadFindingRow, holds.workload('workload_finding'));
  yield `visible_incident AS NOT MATERIALIZED (SELECT * FROM incident WHERE ${holds.incident})`;
  const mergedInto = 'CASE WHEN merged_into IN (SELECT id FROM visible_incident) THEN merged_into END AS merged_into';
  yield rows(IncidentRow, 'true', { columns: { merged_into: mergedInto }, from: 'visible_incident' });
  yield rows(IncidentRevisionRow, 'incident_id IN (SELECT id FROM incident)');
  // A node belongs to no namespace: what runs on it may be of others.
  yield rows(ContainmentOrderRow, 'namespace IS NOT NULL AND incident_id IN (SELECT id FROM incident)');
  yield rows(ContainmentTransitionRow, 'order_id IN (SELECT id FROM containment_order)');
  yield rows(DetectionAlertRow, holds.alert);
  yield rows(DeliveryRow, 'subject IN (SELECT id::text FROM incident)');
  const counted = new Set(exposureQueries.map(([name]) => name));
  const open = new Set(publicTables.map((entity) => tableOf(entity).name));
  const packages = new Set([PackageRow, PackageMatchRow, PackageVulnerabilityRow].map((row) => tableOf(row).name));
  for (const entity of entities) {
    const { name } = tableOf(entity);
    if (![named, open, counted, packages].some((names) => names.has(name))) yield rows(entity, 'false');
  }
  // The counts join packages with those of visible images, and read their tables faster as a whole.
  if (hasExposure) for (const [name, query] of exposureQueries) yield `${name} AS MATERIALIZED (${query})`;
  yield rows(PackageRow, 'id IN (SELECT package_id FROM image_package)');
  for (const entity of [PackageMatchRow, PackageVulnerabilityRow])
    yield rows(entity, 'package_id IN (SELECT package_id FROM image_package)');
}

/** Pushes that brought what a visible container runs into the repository that it names. */
const workloadPushes = `SELECT brought.id FROM (
    SELECT ran.repository, brought.id FROM container_ledger AS ran JOIN every_push AS brought ON brought.digest = ran.image_digest
    UNION SELECT ran.repository, held.push_id FROM container_ledger AS ran JOIN every_push_image AS held USING (image_digest)) AS ran
  JOIN every_push AS brought USING (id) WHERE ran.repository IN (brought.repository, ${nameOf('brought')})`;

/** Images that visible containers run, by their own digest or that of an index. */
const workloadImages = `SELECT image_digest FROM container_ledger WHERE image_digest IS NOT NULL
  UNION SELECT held.image_digest FROM container_ledger AS ran JOIN every_push AS brought ON brought.digest = ran.image_digest
  JOIN every_push_image AS held ON held.push_id = brought.id`;

/** Newest push of each image among those that are visible. */
const newestPushes = `SELECT DISTINCT ON (image_digest) image_digest, push_id, received_at
  FROM push_image JOIN push ON push.id = push_id ORDER BY image_digest, push_id DESC`;

interface Conditions {
  /** Whether a scope holds what runs in places, whatever its image. */
  hasPlaces: boolean;
  container: string;
  push(table: string): string;
  /** For a table with `cluster`, `namespace`, `kind` and `name`. */
  workload(table: string): string;
  incident: string;
  alert: string;
}

function conditionsOf(scopes: readonly AccessScope[], owners: readonly OwnerRule[], add: Add): Conditions {
  const scoped = scopes.map((scope) => new ScopeConditions(scope, owners, add));
  const any = (condition: (scope: ScopeConditions) => string) =>
    scoped.length === 0 ? 'false' : `(${scoped.map((each) => `(${condition(each)})`).join(' OR ')})`;
  const ran = {
    cluster: 'container_ledger.cluster',
    namespace: 'container_ledger.namespace',
    // A container of which only the digest is known, where all pushes of it are to one repository.
    image: `coalesce(container_ledger.repository, (SELECT min(${nameOf('brought')}) FROM every_push AS brought
      WHERE brought.digest = container_ledger.image_digest HAVING count(DISTINCT ${nameOf('brought')}) = 1))`,
  };
  const at = (table: string) => ({ cluster: `${table}.cluster`, namespace: `${table}.namespace`, image: 'NULL::text' });
  const context = (key: string) => `(detection_alert.alert #>> '{context,${key}}')`;
  return {
    hasPlaces: scopes.some(
      ({ clusters, namespaces, owners: owning }) => [clusters, namespaces, owning].flat().length > 0,
    ),
    container: any((scope) => scope.runs(ran)),
    push: (table) => any((scope) => scope.holds({ repository: `${table}.repository`, name: nameOf(table) })),
    // By its containers, whose images decide; by its place alone if none is known.
    workload: (table) => {
      const key = `(${table}.cluster, ${table}.namespace, ${table}.kind, ${table}.name)`;
      const known = (containers: string) => `SELECT cluster, coalesce(namespace, ''), workload_kind, workload
        FROM ${containers} WHERE workload IS NOT NULL AND workload_kind IS NOT NULL`;
      return `${key} IN (${known('container_ledger')})
        OR ${any((scope) => scope.runs(at(table)))} AND ${key} NOT IN (${known('every_container_ledger')})`;
    },
    incident: any((scope) => scope.holdsIncident()),
    alert: any((scope) =>
      scope.happens({
        ...{ cluster: context('cluster'), namespace: context('namespace') },
        ...{ workload: context('workload'), image: context('image') },
      }),
    ),
  };
}

/** Name of the repository of a push with its registry, as SQL. */
function nameOf(push: string): string {
  return `(coalesce(${push}.registry_host, ${push}.connection) || '/' || ${push}.repository)`;
}

/** Conditions of one scope. An unknown place makes them null, so that they hold for nothing. */
class ScopeConditions {
  readonly #patterns: Readonly<Record<keyof AccessScope, string>>;
  readonly #rules: string;

  constructor(
    private readonly scope: AccessScope,
    owners: readonly OwnerRule[],
    add: Add,
  ) {
    const listed = (texts: readonly string[]) => (texts.length === 0 ? '' : `${add(texts.map(likePattern))}::text[]`);
    this.#patterns = {
      repositories: listed(scope.repositories),
      clusters: listed(scope.clusters),
      namespaces: listed(scope.namespaces),
      owners: listed(scope.owners),
    };
    const optional = (text: string | undefined) => (text === undefined ? null : likePattern(text));
    this.#rules =
      scope.owners.length === 0
        ? ''
        : `unnest(${add(owners.map(({ repository }) => optional(repository)))}::text[],
            ${add(owners.map(({ namespace }) => optional(namespace)))}::text[], ${add(owners.map(({ owner }) => owner))}::text[])`;
  }

  /** Whether an image is in the scope by its repository alone. */
  holds({ repository, name }: { repository: string; name: string }): string {
    const { repositories, owners } = this.scope;
    // A scope of places holds the images that run there.
    if (repositories.length === 0 && owners.length === 0) return 'false';
    return all([
      repositories.length > 0 && `${this.#like(repository, 'repositories')} OR ${this.#like(name, 'repositories')}`,
      owners.length > 0 && this.#isOwned(repository, null),
    ]);
  }

  /** Whether a place is in the scope, whose image need not be if a namespace is. */
  runs({ cluster, namespace, image }: Place): string {
    const { repositories, clusters, namespaces, owners } = this.scope;
    return all([
      clusters.length > 0 && this.#like(cluster, 'clusters'),
      namespaces.length > 0 && this.#like(namespace, 'namespaces'),
      owners.length > 0 && this.#isOwned(withoutRegistry(image), { cluster, namespace }),
      repositories.length > 0 &&
        namespaces.length === 0 &&
        `${this.#like(image, 'repositories')} OR ${this.#like(withoutRegistry(image), 'repositories')}`,
    ]);
  }

  /** Whether an event is in the scope by its place, or one without a place by its image. */
  happens({ cluster, namespace, workload, image }: Place & { workload: string }): string {
    const name = withoutTag(image);
    return `CASE WHEN coalesce(${cluster}, ${namespace}, ${workload}) IS NULL
      THEN ${this.holds({ repository: withoutRegistry(name), name })} ELSE ${this.runs({ cluster, namespace, image: name })} END`;
  }

  /** Whether all of an incident is in the scope: its texts name every place that it reached. */
  holdsIncident(): string {
    const incident = (column: string) => `incident.${column}`;
    const own = {
      ...{ cluster: incident('cluster'), namespace: incident('namespace'), workload: incident('workload') },
      image: incident('image'),
    };
    const reached = {
      cluster: 'reached.cluster',
      namespace: `CASE WHEN reached.workload LIKE '%/%/%' THEN split_part(reached.workload, '/', 1) END`,
      image: `coalesce(CASE WHEN reached.digest = incident.image_digest THEN ${withoutTag('incident.image')} END,
        (SELECT min(ran.repository) FROM every_container_ledger AS ran WHERE ran.image_digest = reached.digest
         HAVING count(DISTINCT ran.repository) = 1))`,
    };
    const { namespaces } = this.scope;
    return all([
      this.happens(own),
      `NOT EXISTS (
        SELECT FROM jsonb_array_elements(incident.workloads) AS item, LATERAL (
          SELECT item ->> 'cluster' AS cluster, item ->> 'workload' AS workload, item ->> 'imageDigest' AS digest) AS reached
        WHERE (${this.runs(reached)}) IS NOT TRUE)`,
      // Evidence of a place is written as namespace/pod/container.
      namespaces.length > 0 &&
        `incident.namespace IS NULL OR NOT EXISTS (SELECT FROM jsonb_array_elements(incident.evidence) AS seen
          WHERE seen ->> 'where' LIKE '%/%' AND NOT ${this.#like(`split_part(seen ->> 'where', '/', 1)`, 'namespaces')})`,
    ]);
  }

  #like(sql: string, dimension: keyof AccessScope): string {
    return `${sql} LIKE ANY(${this.#patterns[dimension]})`;
  }

  /**
   * By the first rule of the settings that matches, else by the label of the namespace. Labels of
   * images do not count: anyone who builds an image can set them.
   */
  #isOwned(repository: string, place: Pick<Place, 'cluster' | 'namespace'> | null): string {
    const namespace = place?.namespace ?? 'NULL';
    const ruled = `(SELECT rule.owner FROM ${this.#rules} WITH ORDINALITY AS rule (repository, namespace, owner, place)
      WHERE (rule.repository IS NULL OR ${repository} LIKE rule.repository)
        AND (rule.namespace IS NULL OR ${namespace} LIKE rule.namespace) ORDER BY rule.place LIMIT 1)`;
    if (place === null) return this.#like(ruled, 'owners');
    const labeled = `(SELECT labeled.namespace_labels ->> '${ownerLabel}' FROM every_workload AS labeled
      WHERE labeled.cluster = ${place.cluster} AND labeled.namespace = ${namespace} AND labeled.namespace_labels ? '${ownerLabel}'
      ORDER BY labeled.seen_at DESC LIMIT 1)`;
    return this.#like(`coalesce(${ruled}, ${labeled})`, 'owners');
  }
}

function all(conditions: readonly (string | false)[]): string {
  const given = conditions.filter((condition) => condition !== false);
  return given.length === 0 ? 'true' : given.map((condition) => `(${condition})`).join(' AND ');
}

/** A repository as SQL without the host before it. */
function withoutRegistry(image: string): string {
  return String.raw`regexp_replace(${image}, '^(?:localhost|[^/]*[.:][^/]*)/', '')`;
}

/** An image's name as SQL without tag and digest. */
function withoutTag(image: string): string {
  return String.raw`regexp_replace(${image}, '@.*$|:[^:/@]*(?:@.*)?$', '')`;
}
