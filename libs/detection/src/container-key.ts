import type { Observation } from '@tidewaiter/domain';

/** Falco and the runtimes' tools cut the ids of containers to this. */
const shortIdChars = 12;

/**
 * One container, whatever sensor tells of it: null for what runs on the host. Ids are random, so that this much of one is enough, and not every
 * sensor knows its cluster.
 */
export function containerKey({ cluster, container }: Pick<Observation, 'cluster' | 'container'>): string | null {
  const id = container?.id;
  if (!id) return null;
  return id.length < shortIdChars ? `${cluster ?? ''}/${id}` : id.slice(0, shortIdChars);
}
