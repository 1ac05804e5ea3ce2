import { z } from 'zod';

import { count, text, time } from '../http/fields.js';

const head = {
  /**
   * Totals over all pages. Those of workloads, pods and containers are null while no sensor reports
   * containers.
   */
  counts: z.object({
    packages: count,
    images: count,
    /** Images that a tag points to now. */
    tagged: count,
    /** Images in which the vulnerability is mitigated by other means than a version. */
    mitigated: count,
    /** Images with a version that could not be compared. */
    unknown: count,
    repositories: count,
    workloads: count.nullable(),
    pods: count.nullable(),
    containers: count.nullable(),
    running: count.nullable(),
  }),
  /** Reasons for which the answer may lack images, and how many images or layers each concerns. */
  notEvaluated: z.array(
    z.object({
      code: z.enum(['LAYERS_UNREAD', 'FILES_NOT_INDEXED', 'PATHS_NOT_INDEXED', 'TOO_MANY_RESULTS']),
      message: z.string(),
      count,
    }),
  ),
  next: text,
};

const packageAnswer = z.object({
  purl: z.string(),
  version: z.string(),
  foundIn: z.string(),
  isUnknown: z.boolean(),
  isMitigated: z.boolean(),
  /** Whether a sensor saw it executed or loaded; null without such data for the image. */
  inUse: z.boolean().nullable(),
});

const placeAnswer = z.object({
  registry: z.string(),
  repository: z.string(),
  tag: text,
  digest: z.string(),
  since: time,
  /** Time when the tag moved or was deleted. */
  until: time.nullable(),
  isCurrent: z.boolean(),
  pushId: z.uuid().nullable(),
  pushedBy: text,
});

const workloadAnswer = z.object({
  cluster: text,
  namespace: text,
  kind: text,
  name: text,
  exposed: z.boolean().nullable(),
  containers: count,
  running: count,
  /** Some of the pods. */
  pods: z.array(z.string()),
  since: time,
  /** Time when its last container ended; null while one runs. */
  until: time.nullable(),
});

export const blastRadiusAnswer = z.object({
  ...head,
  items: z.array(
    z.object({
      id: z.string(),
      digest: z.string(),
      platform: text,
      /** The first of `places`. */
      registry: text,
      repository: text,
      tag: text,
      /** Tags that point to it or did, current ones first; the list is cut. */
      places: z.array(placeAnswer),
      placeCount: count,
      packages: z.array(packageAnswer),
      purls: z.array(z.string()),
      /** Paths of the file that was searched for by its hash. */
      paths: z.array(z.string()),
      /** Descriptions of the other matches of the search. */
      notes: z.array(z.string()),
      isMitigated: z.boolean(),
      isUnknown: z.boolean(),
      /** Workloads that run it, cut; null while no sensor reports containers. */
      workloads: z.array(workloadAnswer).nullable(),
      workloadCount: count.nullable(),
    }),
  ),
});

export const blastContainersAnswer = z.object({
  ...head,
  items: z.array(
    z.object({
      id: z.string(),
      cluster: text,
      node: text,
      namespace: text,
      workloadKind: text,
      workload: text,
      pod: text,
      container: text,
      digest: z.string(),
      repository: text,
      tag: text,
      since: time,
      /** Time when it ended or was last seen; null while it runs. */
      until: time.nullable(),
      isRunning: z.boolean(),
      isUnknown: z.boolean(),
      packages: z.array(packageAnswer),
    }),
  ),
});
