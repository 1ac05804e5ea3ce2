import type { Severity } from './severity.js';

/**
 * Findings of the checks for manifests in one object of Kubernetes that runs pods. The object is evaluated where it is read, before it loses
 * the values that some checks need; only this outcome is stored and sent.
 */
export interface ObjectEvaluation {
  kind: string;
  namespace: string;
  name: string;
  /** The workload to which the findings belong: of a pod what made it, of everything else the object itself. */
  workload: { kind: string; name: string };
  /** `resourceVersion`, digits; null where the source has none of this state, as the body of a request. */
  version: string | null;
  /** ISO 8601: when the object became what it is. */
  changedAt: string;
  isGone: boolean;
  findings: ObjectFinding[];
}

/** One place in an object where a check fails. */
export interface ObjectFinding {
  /** Id of the check. */
  check: string;
  severity: Severity;
  title: string;
  /** Null where the finding is about the pod or the object. */
  container: string | null;
  /** Path in the manifest of the workload: `spec.template.spec.containers[0].securityContext.privileged`. */
  field: string | null;
  /** The same for the same place in every version of the object and in every replica. */
  fingerprint: string;
}
