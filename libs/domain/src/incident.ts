import type { Digest } from './image.js';
import type { JsonObject } from './runtime-record.js';
import type { Severity } from './severity.js';

/** `merged`: the incident continues in another one. */
export const incidentStates = ['open', 'resolved', 'merged'] as const;

export type IncidentState = (typeof incidentStates)[number];

/**
 * Kinds of incident revisions by which users work on it. `containment` is also the progress of an
 * order, which an agent reports.
 */
export const triageKinds = ['acknowledged', 'assigned', 'snoozed', 'unsnoozed', 'commented', 'containment'] as const;

/**
 * Kinds of incident revisions. `updated` and those of triage go to followers of the incident, all
 * others to every receiver.
 */
export const revisionKinds = [
  'opened',
  'updated',
  ...triageKinds,
  'worsened',
  'reopened',
  'resolved',
  'merged',
] as const;

export type RevisionKind = (typeof revisionKinds)[number];

/**
 * Reasons for which users resolve an incident. They are verdicts of OCSF: `fixed` True Positive,
 * `accepted` Security Risk, `benign` Benign, and the others by their names.
 * @see https://schema.ocsf.io/1.5.0/classes/incident_finding
 */
export const resolutions = ['fixed', 'accepted', 'benign', 'test', 'false-positive', 'duplicate'] as const;

export type Resolution = (typeof resolutions)[number];

/** Opening words of the text by which incidents report an unsigned image; details may follow. */
export const notSignedText = 'the image is not signed';

/**
 * Alerts of one campaign, correlated into one incident. Texts from events are attacker-controlled.
 */
export interface Incident {
  /** UUID, derived from the alert that opened it: the same after a replay. */
  id: string;
  /**
   * Grows with every change of the incident; of two states the one with the greater revision is
   * newer.
   */
  revision: number;
  state: IncidentState;
  /** Id of the incident that continues a merged one. */
  mergedInto: string | null;
  /** Short title: `Miner in kube-system/DaemonSet/kube-proxy-controller`. */
  title: string;
  /**
   * Rank of the title, smaller being worse: an attacker's success comes before the method. Null for
   * incidents stored before ranks existed.
   */
  titleRank: number | null;
  /** Summary: attack, entry point, place and start. */
  sentence: string;
  severity: Severity;
  /** 0 to 100: order among incidents of one severity. */
  score: number;
  /** `namespace/Kind/name` of its first alert. */
  workload: string | null;
  /** As the sensor names it: `registry.example.com/shop/payment:3.4.0`. */
  image: string | null;
  /** Digest of the manifest that runs. */
  imageDigest: Digest | null;
  cluster: string | null;
  namespace: string | null;
  /** Id of the event that opened it. */
  openedBy: string;
  /** ISO 8601 with all digits of the sensor. */
  firstSeen: string;
  lastSeen: string;
  /** Number of events in the incident. */
  count: number;
  /** Keywords: `drift`, `miner`. */
  findings: string[];
  /** MITRE ATT&CK techniques, in the order in which they were seen. */
  techniques: string[];
  /** Sorted by time. */
  steps: IncidentStep[];
  /** The most significant events of each step, first ones first; bounded, see `count`. */
  evidence: IncidentEvidence[];
  /** Every affected workload, including `workload`. */
  workloads: IncidentWorkload[];
  /** Common artifacts of the alerts, from which blast radius queries start. */
  artifacts: IncidentArtifact[];
  /**
   * Facts about the image and the cluster that confirmed it: `/tmp/.x/kthreadd is not in the
   * image`.
   */
  factsUsed: string[];
  /** Recommended actions, the most urgent first. */
  nextSteps: string[];
  /** Credits for the rules that matched: their licenses require the names. */
  rules: RuleCredit[];
}

export interface IncidentStep {
  title: string;
  /** `T1496.001` */
  technique: string | null;
  /** ATT&CK tactic: `execution`. */
  stage: string | null;
  severity: Severity;
  at: string;
  /** Ids of its events. */
  events: string[];
}

export interface IncidentEvidence {
  /** Id of the runtime record. */
  event: string;
  at: string;
  source: string;
  /** Title of the rule that it matched. */
  rule: string;
  /** One line: the command, the file, the destination. */
  text: string;
  /** `namespace/pod/container`, or the node. */
  where: string | null;
  /** The sensor's original fields, reduced to useful ones; null if they are too long. */
  record: JsonObject | null;
}

export interface IncidentWorkload {
  cluster: string | null;
  /** `namespace/Kind/name` */
  workload: string;
  imageDigest: Digest | null;
  firstSeen: string;
  pods: string[];
}

export const artifactKinds = ['sha256', 'path', 'package', 'destination', 'secret', 'identity'] as const;

export interface IncidentArtifact {
  kind: (typeof artifactKinds)[number];
  /** For a secret, only ever its fingerprint. */
  value: string;
}

export interface RuleCredit {
  id: string | null;
  title: string;
  author: string | null;
  license: string | null;
  link: string | null;
}

/** Change of an incident by the incident builder, with the whole state after it. */
export interface IncidentChange {
  kind: 'opened' | 'updated' | 'resolved' | 'merged';
  incident: Incident;
}
