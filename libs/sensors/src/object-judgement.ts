import { type CheckRunningObject, runsPods } from '@tidewaiter/checks';
import type { JsonObject, ObjectJudgement } from '@tidewaiter/domain';
import { workloadOfPod } from '@tidewaiter/workloads';

import { list, object, text } from './json.js';
import { latestTimeIn } from './kubernetes-watch/latest-time.js';
import { readTime } from './times.js';

/** How a source shows an object. */
export interface ObjectState {
  /** The whole object, before anything is cut out of it. */
  object: JsonObject;
  isGone: boolean;
  /** Whether its `resourceVersion` is that of this state: a request carries the one of the state that it replaces. */
  isStored: boolean;
  /** Where the object itself has no time, or is not stored. */
  at: string;
}

/**
 * The findings of an object that runs pods; undefined of other objects, and of ReplicaSets and Jobs that belong to something else: their pods
 * count, or the manifest of what they belong to. A name that the API server would refuse is no name of an object.
 */
export function judgeObject(
  { object: shown, isGone, isStored, at }: ObjectState,
  check: CheckRunningObject,
): ObjectJudgement | undefined {
  const [kind, apiVersion] = [text(shown['kind']) ?? '', text(shown['apiVersion']) ?? ''];
  const metadata = object(shown['metadata']);
  const [name, namespace] = [text(metadata['name']) ?? '', text(metadata['namespace']) ?? ''];
  if (!runsPods(kind, apiVersion) || !objectName.test(name) || !namespaceName.test(namespace)) return undefined;
  const own = { kind, name };
  const workload = workloadOf(own, metadata);
  if (kind !== 'Pod' && (workload.kind !== kind || workload.name !== name)) return undefined;
  return {
    ...{ kind, namespace, name, workload, isGone },
    version: isStored ? versionIn(metadata) : null,
    changedAt: (isStored ? changedAtIn(shown) : null) ?? at,
    findings: isGone ? [] : check({ namespace, workload, object: shown }),
  };
}

// What Kubernetes takes: subdomains and labels of DNS.
const objectName = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;
const namespaceName = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const kindName = /^[A-Za-z][A-Za-z0-9]{0,62}$/;

/** The same workload as in the ledger of containers. */
function workloadOf(own: { kind: string; name: string }, metadata: JsonObject): { kind: string; name: string } {
  const pod: JsonObject =
    own.kind === 'Pod'
      ? metadata
      : { name: own.name, labels: object(metadata['labels']), ownerReferences: [{ ...own, controller: true }] };
  const workload = workloadOfPod({ metadata: pod });
  return workload !== null && kindName.test(workload.kind) && objectName.test(workload.name) ? workload : own;
}

/** Versions of one cluster can be compared as numbers. @see https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions */
function versionIn(metadata: JsonObject): string | null {
  const version = text(metadata['resourceVersion']);
  return version !== null && /^[1-9]\d{0,17}$/.test(version) ? version : null;
}

const maxManagers = 100;

/** The API server notes when each manager changed its fields last: of a change to the specification nothing else has the time. */
function changedAtIn(shown: JsonObject): string | null {
  const managers = list(object(shown['metadata'])['managedFields']).slice(0, maxManagers);
  const times = managers.map((manager) => readTime(object(manager)['time'])).filter((time) => time !== null);
  return [latestTimeIn(shown), ...times].reduce((a, b) => (a === null || (b !== null && b > a) ? b : a), null);
}
