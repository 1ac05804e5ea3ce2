import type { Observation } from '@tidewaiter/domain';
import { containerIdOf } from '@tidewaiter/workloads';

/** Length to which Falco and the runtimes' tools truncate container ids. */
const shortIdChars = 12;

/**
 * Key of a container that is the same for all sensors; null for what runs on the host. Ids are
 * random, so that this prefix is enough, and not every sensor knows its cluster. Tetragon truncates
 * ids to 31 characters, Kubernetes adds the runtime as a prefix: `containerd://`.
 */
export function containerKey({ cluster, container }: Pick<Observation, 'cluster' | 'container'>): string | null {
  if (!container?.id) return null;
  const id = containerIdOf(container.id) ?? container.id;
  return id.length < shortIdChars ? `${cluster ?? ''}/${id}` : id.slice(0, shortIdChars);
}
