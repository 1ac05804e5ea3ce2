import { type CheckRunningObject, runsPods } from '@tidewaiter/checks';
import type { JsonObject, ObjectEvaluation } from '@tidewaiter/domain';
import { workloadOfPod } from '@tidewaiter/workloads';

import { list, object, text } from './json.js';
import { latestTimeIn } from './kubernetes-watch/latest-time.js';
import { readTime } from './times.js';

/** State of an object, as a source reports it. */
export interface ObjectState {
  /** The whole object, before anything is cut out of it. */
  object: JsonObject;
  isGone: boolean;
  /**
   * Whether its `resourceVersion` is that of this state: a request carries that of the state that
   * it replaces.
   */
  isStored: boolean;
  /** Time of the state where the object itself has none, or is not stored. */
  at: string;
}

/**
 * The findings of an object that runs pods; undefined for other objects, and for ReplicaSets and
 * Jobs with an owner: their pods or their owner's manifest are evaluated instead. A name that the
 * API server would refuse is not an object's name.
 */
export function evaluateObject(
  { object: shown, isGone, isStored, at }: ObjectState,
  check: CheckRunningObject,
): ObjectEvaluation | undefined {
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

// Names that Kubernetes accepts: subdomains and labels of DNS.
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

/**
 * Versions of one cluster can be compared as numbers.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
 */
function versionIn(metadata: JsonObject): string | null {
  const version = text(metadata['resourceVersion']);
  return version !== null && /^[1-9]\d{0,17}$/.test(version) ? version : null;
}

const maxManagers = 100;

/**
 * The API server records when each manager last changed its fields: the only time of a change to
 * the specification.
 */
function changedAtIn(shown: JsonObject): string | null {
  const managers = list(object(shown['metadata'])['managedFields']).slice(0, maxManagers);
  const times = managers.map((manager) => readTime(object(manager)['time'])).filter((time) => time !== null);
  return [latestTimeIn(shown), ...times].reduce((a, b) => (a === null || (b !== null && b > a) ? b : a), null);
}
