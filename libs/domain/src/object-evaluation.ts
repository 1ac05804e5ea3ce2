import type { Severity } from './severity.js';

/**
 * Findings of the manifest checks in one Kubernetes object that runs pods. The object is evaluated
 * where it is read, before it loses the values that some checks need; only this result is stored
 * and sent.
 */
export interface ObjectEvaluation {
  kind: string;
  namespace: string;
  name: string;
  /** Workload to which the findings belong: the creator of a pod, else the object itself. */
  workload: { kind: string; name: string };
  /**
   * `resourceVersion`, digits; null if the source has none of this state, such as the body of a
   * request.
   */
  version: string | null;
  /** ISO 8601: time of the object's last change. */
  changedAt: string;
  isGone: boolean;
  findings: ObjectFinding[];
}

/** Place in an object where a check fails. */
export interface ObjectFinding {
  /** Id of the check. */
  check: string;
  severity: Severity;
  title: string;
  /** Null if the finding is about the pod or the object. */
  container: string | null;
  /**
   * Path in the manifest of the workload:
   * `spec.template.spec.containers[0].securityContext.privileged`.
   */
  field: string | null;
  /** Equal for the same place in every version of the object and in every replica. */
  fingerprint: string;
}
