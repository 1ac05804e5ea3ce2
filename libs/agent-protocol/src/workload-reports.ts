import { severities, verdicts } from '@tidewaiter/domain';
import { z } from 'zod';

const short = z.string().max(512);
const line = z.string().max(2_000);
const count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const severity = z.enum(severities);
const counts = z.partialRecord(severity, count);

/** Vulnerabilities of one image, and misconfigurations of one workload, that an answer lists. */
export const maxReportedFindings = 500;

const container = z.object({
  /** Null where no sensor names it. */
  name: short.nullable(),
  digest: short,
});

const misconfiguration = z.object({
  check: short,
  severity,
  title: line,
  container: short.nullable(),
  field: line.nullable(),
  firstSeen: z.iso.datetime(),
});

/** A workload of the cluster, as the hub knows it. */
export const clusterWorkload = z.object({
  namespace: short,
  kind: short,
  name: short,
  /** Containers that run, one of each name and image. */
  containers: z.array(container).max(100),
  /** The worst ones. */
  misconfigurations: z.array(misconfiguration).max(maxReportedFindings),
  misconfigurationCounts: counts,
});

export type ClusterWorkload = z.output<typeof clusterWorkload>;

/** Answer to `GET /agent/v1/workloads?after=`: a page of the workloads of the cluster. */
export const workloadsAnswer = z.object({
  items: z.array(clusterWorkload).max(100),
  /** Value of `after` for the next page; null for the last one. */
  next: z.string().max(2_000).nullable(),
});

export type WorkloadsAnswer = z.output<typeof workloadsAnswer>;

const vulnerability = z.object({
  id: short,
  severity,
  title: line,
  packageName: short,
  packageType: short,
  installedVersion: short,
  /** Null while there is none. */
  fixedVersion: short.nullable(),
  purl: line.nullable(),
  path: line.nullable(),
  score: z.number().nullable(),
});

/** Answer to `GET /agent/v1/images/{digest}`, which answers about images that the cluster runs. */
export const clusterImage = z.object({
  digest: short,
  registry: short.nullable(),
  repository: short.nullable(),
  tag: short.nullable(),
  os: z.object({ family: short, version: short }).nullable(),
  /** Null of an image that was never evaluated. */
  verdict: z.enum(verdicts).nullable(),
  /** The worst ones of those in packages that are there. */
  vulnerabilities: z.array(vulnerability).max(maxReportedFindings),
  vulnerabilityCounts: counts,
});

export type ClusterImage = z.output<typeof clusterImage>;
