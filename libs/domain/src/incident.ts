import type { Digest } from './image.js';
import type { JsonObject } from './runtime-record.js';
import type { Severity } from './severity.js';

/** `merged`: its story goes on in another incident. */
export const incidentStates = ['open', 'resolved', 'merged'] as const;

export type IncidentState = (typeof incidentStates)[number];

/** How incidents say that their image is not signed: what it opens with, where more is known. */
export const notSignedText = 'the image is not signed';

/** What runtime events added up to: one campaign, told as one story. What it says of texts is attacker-controlled. */
export interface Incident {
  /** UUID, derived from the alert that opened it: the same after a replay. */
  id: string;
  /** Grows with every change of the story; of two states the greater one is the newer. */
  revision: number;
  state: IncidentState;
  /** Of a merged incident: id of the one that goes on. */
  mergedInto: string | null;
  /** A few words: `Miner in kube-system/DaemonSet/kube-proxy-controller`. */
  title: string;
  /** Rank of the title, smaller being worse: an attacker's success comes before the method. Null: stored before ranks existed. */
  titleRank: number | null;
  /** What came in, how, where it runs, since when. */
  sentence: string;
  severity: Severity;
  /** 0 to 100: order among incidents of one severity. */
  score: number;
  /** `namespace/Kind/name`: where it began. */
  workload: string | null;
  /** As the sensor names it: `registry.example.com/shop/payment:3.4.0`. */
  image: string | null;
  /** Of the manifest that runs. */
  imageDigest: Digest | null;
  cluster: string | null;
  namespace: string | null;
  /** Id of the event that opened it. */
  openedBy: string;
  /** ISO 8601, with every digit that the sensor gave. */
  firstSeen: string;
  lastSeen: string;
  /** Events that it stands for. */
  count: number;
  /** Short words: `drift`, `miner`. */
  findings: string[];
  /** MITRE ATT&CK, in the order in which they were seen. */
  techniques: string[];
  /** In the order of their times. */
  steps: IncidentStep[];
  /** The telling events of each step, first ones first; bounded, see `count`. */
  evidence: IncidentEvidence[];
  /** Everything that is affected, `workload` among it. */
  workloads: IncidentWorkload[];
  /** What the parts of the story share, and what a blast radius is asked by. */
  artifacts: IncidentArtifact[];
  /** What the image and the cluster told that made it certain: `/tmp/.x/kthreadd is not in the image`. */
  factsUsed: string[];
  /** What to do, the most urgent first. */
  nextSteps: string[];
  /** Whose rules found it: their licences ask for the names. */
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
  /** The sensor's own words, cut to what is worth keeping; null where they are too long. */
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
  /** A secret only ever by its fingerprint. */
  value: string;
}

export interface RuleCredit {
  id: string | null;
  title: string;
  author: string | null;
  license: string | null;
  link: string | null;
}

/** What the builder says happened to an incident, with its whole state after it. */
export interface IncidentChange {
  kind: 'opened' | 'updated' | 'resolved' | 'merged';
  incident: Incident;
}
