import type { Observation } from '@tidewaiter/domain';
import { containerIdOf } from '@tidewaiter/workloads';

/** Length to which Falco and the runtimes' tools truncate container ids. */
const shortIdChars = 12;

/**
 * Key of a container that is the same for all sensors; null for a host process. Ids are random, so
 * this prefix suffices, and not every sensor knows its cluster. Tetragon truncates ids to 31
 * characters; Kubernetes prefixes the runtime: `containerd://`.
 */
export function containerKey({ cluster, container }: Pick<Observation, 'cluster' | 'container'>): string | null {
  if (!container?.id) return null;
  if (container.id === last.containerId) return last.key;
  if (container.id.includes('@')) return container.id;
  const id = containerIdOf(container.id) ?? container.id;
  if (id.length < shortIdChars) return `${cluster ?? ''}/${id}`;
  last = { containerId: container.id, key: id.slice(0, shortIdChars) };
  return last.key;
}

/**
 * The observation with its container as one of its own cluster, beside that of another cluster with
 * the same id: otherwise a sensor of one cluster could put its events among those of another one.
 */
export function keptInCluster(observation: Observation): Observation {
  const { cluster, container } = observation;
  const id = containerIdOf(container?.id)?.slice(0, shortIdChars);
  return { ...observation, container: container && { ...container, id: `${id}@${cluster}` } };
}

/** Last key, for which each event asks several times. */
let last = { containerId: '', key: '' };
