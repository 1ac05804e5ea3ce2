import type { Priority } from './priority.js';
import type { JsonObject, RuntimeRecord } from './runtime-record.js';

/**
 * Kind of an event. `send` is data leaving a socket; `other` has only the sensor's own fields;
 * `health` is the sensor's report about itself.
 */
export const activities = [
  'exec',
  'exit',
  'file',
  'connect',
  'accept',
  'listen',
  'send',
  'dns',
  'load',
  'privilege',
  'request',
  'container',
  'alert',
  'health',
  'other',
] as const;

export type Activity = (typeof activities)[number];

/**
 * Record in the product's own fields, for any sensor. Values that the sensor did not report are
 * null, never an empty string.
 */
export interface Observation extends Omit<RuntimeRecord, 'event' | 'evaluations'> {
  activity: Activity;
  /**
   * Milliseconds since 1970, with a fraction: for order and windows. {@link RuntimeRecord.at} is
   * authoritative.
   */
  timeMs: number;
  /** The acting process; for `exec` the new one. */
  process: ObservedProcess | null;
  container: ObservedContainer | null;
  pod: ObservedPod | null;
  file: {
    path: string;
    access: 'read' | 'write' | 'delete' | 'rename' | 'link' | 'map' | 'mode';
    to: string | null;
  } | null;
  network: ObservedNetwork | null;
  request: ObservedRequest | null;
  /** Present if the sensor itself raised an alert. */
  alert: { rule: string; priority: Priority; output: string; tags: string[] } | null;
  /** Number of events that the sensor reports as lost. */
  dropped: number;
  /** The sensor's own fields, for rules that match on them. Attacker-controlled. */
  native: JsonObject;
}

export interface ObservedProcess {
  /**
   * Unique over nodes and reboots: Tetragon's exec_id, Tracee's entity id. Null if the sensor has
   * only pids.
   */
  execId: string | null;
  parentExecId: string | null;
  pid: number | null;
  parentPid: number | null;
  /** Path of the executable. */
  executable: string | null;
  /** Whole command line, beginning as the sensor's does. */
  commandLine: string | null;
  /** argv after the executable, as one text. */
  arguments: string | null;
  name: string | null;
  workingDirectory: string | null;
  uid: number | null;
  /** Name, or the number as text; `root` for 0. */
  user: string | null;
  /** User who logged in; null without a login. */
  auditUid: number | null;
  parentExecutable: string | null;
  parentCommandLine: string | null;
  /** Hex, if the sensor hashes. */
  sha256: string | null;
  /** Whether it descends from the container's first process; false for `kubectl exec`. */
  inInitTree: boolean | null;
  /**
   * Whether its executable is not in the image, by the sensor's own knowledge (Falco's upper
   * layer).
   */
  fromUpperLayer: boolean | null;
  /** Whether it gained privileges when it started. */
  privilegesRaised: boolean | null;
}

export interface ObservedContainer {
  /** Without a runtime's prefix; possibly truncated to 12 or 31 characters. */
  id: string | null;
  name: string | null;
  /** `localhost:5000/shop/app`, without tag. */
  imageRepository: string | null;
  imageTag: string | null;
  /** Digest of a manifest, an index or a config, as the sensor reports it. */
  imageDigest: string | null;
  startedAt: string | null;
}

export interface ObservedPod {
  namespace: string | null;
  name: string | null;
  uid: string | null;
  /** `Deployment`, `DaemonSet`, `Pod` … */
  workloadKind: string | null;
  workload: string | null;
  serviceAccount: string | null;
}

export interface ObservedNetwork {
  protocol: string | null;
  sourceIp: string | null;
  sourcePort: number | null;
  destinationIp: string | null;
  destinationPort: number | null;
  /** Queried name, or the known name of the address. */
  hostname: string | null;
  /** Addresses that a look-up found for {@link hostname}. */
  answers: string[];
  /** Number of bytes sent, for `send`. */
  bytes: number | null;
}

/** Call of an API: Kubernetes, a cloud. */
export interface ObservedRequest {
  user: string | null;
  groups: string[];
  /** `AKIA…`: key that signed it. */
  accessKeyId: string | null;
  sourceIps: string[];
  userAgent: string | null;
  verb: string | null;
  /** `pods/exec`, `iam.amazonaws.com` */
  resource: string | null;
  namespace: string | null;
  name: string | null;
  /** HTTP status, or null; {@link succeeded} is authoritative. */
  status: number | null;
  succeeded: boolean;
}

/** Creates a process with no known fields. */
export function unknownProcess(): ObservedProcess {
  return {
    execId: null,
    parentExecId: null,
    pid: null,
    parentPid: null,
    executable: null,
    commandLine: null,
    arguments: null,
    name: null,
    workingDirectory: null,
    uid: null,
    user: null,
    auditUid: null,
    parentExecutable: null,
    parentCommandLine: null,
    sha256: null,
    inInitTree: null,
    fromUpperLayer: null,
    privilegesRaised: null,
  };
}

export function unknownNetwork(): ObservedNetwork {
  return {
    protocol: null,
    sourceIp: null,
    sourcePort: null,
    destinationIp: null,
    destinationPort: null,
    hostname: null,
    answers: [],
    bytes: null,
  };
}

export function unknownContainer(): ObservedContainer {
  return { id: null, name: null, imageRepository: null, imageTag: null, imageDigest: null, startedAt: null };
}

export function unknownPod(): ObservedPod {
  return { namespace: null, name: null, uid: null, workloadKind: null, workload: null, serviceAccount: null };
}
