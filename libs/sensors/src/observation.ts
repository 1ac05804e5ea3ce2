import type {
  Activity,
  JsonObject,
  Observation,
  ObservedNetwork,
  ObservedProcess,
  RuntimeRecord,
} from '@tidewaiter/domain';

import { timeMsOf } from './times.js';

/** An observation that says nothing yet but whose record it is; its reader fills in what the sensor knows. */
export function observationOf(
  record: RuntimeRecord,
  activity: Activity,
  native: JsonObject = record.event,
): Observation {
  return {
    id: record.id,
    source: record.source,
    sensor: record.sensor,
    cluster: record.cluster,
    node: record.node,
    at: record.at,
    activity,
    timeMs: timeMsOf(record.at),
    process: null,
    container: null,
    pod: null,
    file: null,
    network: null,
    request: null,
    alert: null,
    dropped: 0,
    native,
  };
}

/** A process of which nothing is known. */
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

/** The last part of a path; null of none. */
export function baseName(path: string | null): string | null {
  return path === null ? null : path.slice(path.lastIndexOf('/') + 1) || null;
}

const noAuditUid = 4_294_967_295;

/** The user who logged in; the kernel says 2^32-1, Falco -1, when nobody did. */
export function auditUid(value: number | null): number | null {
  return value === null || value < 0 || value === noAuditUid ? null : value;
}
