import type { Observation } from '@tidewaiter/domain';
import { containerIdOf } from '@tidewaiter/workloads';

/** Falco and the runtimes' tools cut the ids of containers to this. */
const shortIdChars = 12;

/**
 * One container, whatever sensor reports it: null for what runs on the host. Ids are random, so that this much of one is enough, and not every
 * sensor knows its cluster. Tetragon cuts ids to 31 characters, Kubernetes puts the runtime before them: `containerd://`.
 */
export function containerKey({ cluster, container }: Pick<Observation, 'cluster' | 'container'>): string | null {
  if (!container?.id) return null;
  const id = containerIdOf(container.id) ?? container.id;
  return id.length < shortIdChars ? `${cluster ?? ''}/${id}` : id.slice(0, shortIdChars);
}
