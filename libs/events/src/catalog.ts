import {
  baselineReasons,
  findingKinds,
  findingReasons,
  type JsonObject,
  pipelineReportKinds,
  runtimeSources,
  severities,
} from '@tidewaiter/domain';
import { z } from 'zod';

import { eventType } from './event-type.js';

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const severity = z.enum(severities);
const counts = z.record(severity, z.int().nonnegative());
const id = z.uuid();

/** Differences between the image that a tag points to and the previous one. */
const changes = z.object({
  packages: z.object({ added: z.int(), removed: z.int(), changed: z.int() }),
  findings: z.object({ introduced: z.int(), resolved: z.int() }),
  // Absent in events of older versions; null if it could not be compared.
  /** Whether everything could be compared: else the counts are those of the rest. */
  isComplete: z.boolean().optional(),
  files: z.object({ added: z.int(), removed: z.int(), changed: z.int(), newSetuid: z.int() }).nullable().optional(),
  buildSteps: z.int().nullable().optional(),
  newHosts: z.int().nullable().optional(),
  entrypointChanged: z.boolean().nullable().optional(),
  userChanged: z.boolean().nullable().optional(),
  becameRoot: z.boolean().nullable().optional(),
  baseChanged: z.boolean().nullable().optional(),
  /** From signatures and attestations; absent if none were fetched. */
  revisionChanged: z.boolean().nullable().optional(),
  builderChanged: z.boolean().nullable().optional(),
  signersChanged: z.boolean().nullable().optional(),
});

/** Place of an image: the configured connection, not the registry that a payload claims. */
const place = { connection: z.string(), repository: z.string(), tag: z.string().nullable() };

/**
 * Idempotency key of the webhook that reported it; absent of one without an identity, and of
 * reconciliation.
 */
const hook = z.object({ connection: z.string(), deliveryKey: z.string() }).optional();

export const registryPushed = eventType('registry.pushed', {
  by: 'ingest',
  summary: 'A registry announced a pushed manifest.',
  about: 'repository, with `:tag` where there is one',
  data: z.object({
    pushId: id,
    ...place,
    digest: digest.nullable(),
    /** Rest of what is known of the push, so that a restored database gets all of it. */
    announced: z
      .object({
        artifact: z.string(),
        attachedTo: digest.nullable(),
        pushedBy: z.string().nullable(),
        pushedAt: z.string().nullable(),
        origin: z.enum(['hook', 'reconciled', 'imported']),
      })
      .optional(),
    hook,
  }),
});

export const registryDeleted = eventType('registry.deleted', {
  by: 'ingest',
  summary: 'A registry announced a deleted tag or manifest.',
  about: 'repository, with `:tag` where there is one',
  data: z.object({
    ...place,
    digest: digest.nullable(),
    deletedBy: z.string().nullable(),
    at: z.iso.datetime().nullable(),
    hook,
  }),
});

export const pipelineReported = eventType('pipeline.reported', {
  by: 'ingest',
  summary: 'A pipeline reported an image: the run that built it, an SBOM, provenance or another attestation.',
  about: 'the digest of the image: an index or a manifest',
  data: z.object({
    reportId: id,
    connection: z.string(),
    kind: z.enum(pipelineReportKinds),
    digest,
    repository: z.string().nullable(),
    tag: z.string().nullable(),
    /** Commit of the sources, if a CI token proves it. */
    revision: z.string().nullable(),
  }),
});

const text = z.string().nullable();

/** Event of a runtime sensor in the sensor's own format, like `RuntimeRecord` of the domain. */
const runtimeRecord = z.object({
  id: z.string().min(1),
  source: z.enum(runtimeSources),
  sensor: z.string(),
  cluster: text,
  node: text,
  at: z.string(),
  /** Time when a watch still saw the object in the state of the event. */
  seenAt: z.string().optional(),
  /** Event in the sensor's own format. */
  event: z.looseObject({}) as unknown as z.ZodType<JsonObject>,
  /** Whether it was too large, so that parts of it are missing. */
  isCut: z.literal(true).optional(),
  /** Secrets that were masked in it. */
  secrets: z.array(z.object({ rule: z.string(), masked: z.string(), fingerprint: z.string() })).optional(),
  /** Misconfigurations of its Kubernetes objects, without values of variables and Secrets. */
  evaluations: z
    .array(
      z.object({
        kind: z.string(),
        namespace: z.string(),
        name: z.string(),
        workload: z.object({ kind: z.string(), name: z.string() }),
        version: text,
        changedAt: z.string(),
        isGone: z.boolean(),
        findings: z.array(
          z.object({
            check: z.string(),
            severity: z.enum(severities),
            title: z.string(),
            container: text,
            field: text,
            fingerprint: z.string(),
          }),
        ),
      }),
    )
    .optional(),
});

export const runtimeObserved = eventType('runtime.observed', {
  by: 'ingest',
  summary: 'A runtime sensor reported events of one partition; one batch, 256 KiB at most.',
  about: 'the sensor connection',
  data: z.object({ sensor: z.string(), records: z.array(runtimeRecord).min(1) }),
});

export const imageAnalyzed = eventType('image.analyzed', {
  by: 'scanner',
  summary: 'A pushed image has its inventory and its verdict, over all its platforms.',
  about: 'the digest that was pushed: an index or a manifest',
  data: z.object({
    pushId: id,
    ...place,
    digest,
    /** Digest that the tag pointed to before this push; null at the first push of a tag. */
    previousDigest: digest.nullable(),
    /**
     * Baseline of the push, and the reason: the previous digest, or the release before it; null
     * without one.
     */
    comparedWith: z
      .object({ tag: z.string().nullable(), digest, reason: z.enum(baselineReasons), line: z.string().nullable() })
      .nullable()
      .optional(),
    platforms: z.array(z.object({ platform: z.string(), digest })),
    counts,
    verdict: z.enum(['pass', 'fail', 'unknown']),
    /** Changes against `comparedWith`; null without a baseline, and if the digest is the same. */
    changes: changes.nullable(),
    /**
     * Fingerprints of findings that are not announced yet, because a signature may still arrive.
     */
    awaited: z.array(z.string()).optional(),
    /** Whether the push was announced before: more of it could be read or compared since. */
    again: z.boolean().optional(),
  }),
});

const namedFinding = z.object({ id: z.string(), fingerprint: z.string(), severity, title: z.string() });

export const imageReexamined = eventType('image.reexamined', {
  by: 'scanner',
  summary:
    'The signatures of an image were verified again without a push: one arrived, or did not arrive in time. Lists the changes of announced findings.',
  about: 'repository, with `:tag` where there is one',
  data: z.object({
    pushId: id,
    ...place,
    digest,
    /** Digest that the tag pointed to before this push; null at the first push of a tag. */
    previousDigest: digest.nullable(),
    counts,
    verdict: z.enum(['pass', 'fail', 'unknown']),
    /** Whether the tag still points to this digest. */
    isCurrent: z.boolean(),
    /** Findings that were not announced before. */
    opened: z.array(namedFinding),
    /** Findings that were announced and no longer apply. */
    resolved: z.array(namedFinding),
    /** Images of the push: of an index, one of each platform. */
    platforms: z.array(z.object({ platform: z.string(), digest })).optional(),
    /**
     * Trusted signers whose signatures or attestations of the images hold; `identity` of a
     * certificate.
     */
    signers: z.array(z.object({ name: z.string(), identity: z.string().nullable() })).optional(),
  }),
});

export const imageFailed = eventType('image.failed', {
  by: 'scanner',
  summary: 'A pushed image ends without a verdict: refused, or failed after all attempts.',
  about: 'repository, with `:tag` where there is one',
  data: z.object({
    pushId: id,
    ...place,
    digest: digest.nullable(),
    outcome: z.enum(['refused', 'dead-lettered']),
    code: z.string(),
    reason: z.string(),
  }),
});

export const tagMoved = eventType('tag.moved', {
  by: 'scanner',
  summary: 'A tag points to another digest than before.',
  about: '`repository:tag`',
  data: z.object({
    pushId: id,
    connection: z.string(),
    repository: z.string(),
    tag: z.string(),
    oldDigest: digest,
    newDigest: digest,
    ...changes.shape,
  }),
});

export const advisoryChanged = eventType('advisory.changed', {
  by: 'scanner',
  summary:
    'Advisories were published, changed or withdrawn; lists some of the packages that they name, or named before.',
  about: 'the number of the change',
  data: z.object({
    change: z.string().regex(/^[0-9]{1,19}$/),
    /** Number of advisories that the change wrote, over all its events. */
    advisories: z.int().positive(),
    packages: z.array(z.object({ ecosystem: z.string(), name: z.string() })).max(2_000),
  }),
});

/** Finding that opened or was resolved for images that were not pushed meanwhile. */
const finding = z.object({
  kind: z.enum(findingKinds),
  /** Best-known id: the CVE. */
  id: z.string(),
  /** OSV id of the advisory that reports it. */
  advisoryId: z.string(),
  severity,
  title: z.string(),
  /** Some of its packages. */
  purls: z.array(z.string()).max(200),
  /** `workloads` is null while no sensor reports containers. */
  counts: z.object({ packages: z.int(), images: z.int(), workloads: z.int().nullable() }),
  /**
   * Whether to notify: false for most findings of an ecosystem that is loaded for the first time.
   */
  isNews: z.boolean(),
  /**
   * Trigger: a new or changed `advisory` (also if absent), or `kev` or `epss` of one that was
   * known.
   */
  reason: z.enum(findingReasons).optional(),
});

export const findingOpened = eventType('finding.opened', {
  by: 'scanner',
  summary: 'An advisory, or news of exploitation, affects packages of images that were pushed before.',
  about: 'the id of the vulnerability',
  data: finding,
});

export const findingResolved = eventType('finding.resolved', {
  by: 'scanner',
  summary: 'A changed or withdrawn advisory no longer affects packages of images that were pushed before.',
  about: 'the id of the vulnerability',
  data: finding,
});

const incident = z.object({ incidentId: id, revision: z.int().positive(), severity });

export const incidentOpened = eventType('incident.opened', {
  by: 'detector',
  summary: 'An incident opened.',
  about: 'the incident id',
  data: incident,
});

export const incidentUpdated = eventType('incident.updated', {
  by: 'detector',
  summary: 'An incident has news: a step, a workload, another severity, or it reopened.',
  about: 'the incident id',
  data: incident,
});

export const incidentResolved = eventType('incident.resolved', {
  by: 'detector',
  summary: 'An incident ended: by itself, by a user, or because it continues in another one.',
  about: 'the incident id',
  data: incident,
});

const contact = z.object({
  sensor: z.string(),
  kind: z.enum(runtimeSources),
  cluster: text,
  /** Time of its last event. */
  heardAt: z.iso.datetime(),
  /** Time of its last event before it was reported stale. */
  silentSince: z.iso.datetime(),
});

export const sensorSilenced = eventType('sensor.silenced', {
  by: 'ingest',
  summary: 'A sensor is stale: it has sent nothing for longer than `silentAfter`.',
  about: 'the sensor connection',
  data: contact,
});

export const sensorRecovered = eventType('sensor.recovered', {
  by: 'ingest',
  summary: 'A stale sensor sends again.',
  about: 'the sensor connection',
  data: contact,
});

export const auditRecorded = eventType('audit.recorded', {
  by: 'console',
  summary: 'The audit log has a new entry, which is read from PostgreSQL: events hold no details.',
  about: 'the number of the entry',
  data: z.object({ number: z.int().positive(), hash: z.string().regex(/^[0-9a-f]{64}$/) }),
});

const delivery = { deliveryId: id, receiver: z.string(), channel: z.string() };

export const notificationDelivered = eventType('notification.delivered', {
  by: 'notifier',
  summary: 'A channel accepted a message.',
  about: 'the delivery id',
  data: z.object(delivery),
});

export const notificationFailed = eventType('notification.failed', {
  by: 'notifier',
  summary: 'A message failed for good.',
  about: 'the delivery id',
  data: z.object({ ...delivery, code: z.string(), reason: z.string() }),
});

/** Every event type. `docs/events.md` and `docs/asyncapi.json` are generated from this list. */
export const catalog = [
  registryPushed,
  registryDeleted,
  pipelineReported,
  runtimeObserved,
  imageAnalyzed,
  imageReexamined,
  imageFailed,
  tagMoved,
  advisoryChanged,
  findingOpened,
  findingResolved,
  incidentOpened,
  incidentUpdated,
  incidentResolved,
  sensorSilenced,
  sensorRecovered,
  auditRecorded,
  notificationDelivered,
  notificationFailed,
] as const;
