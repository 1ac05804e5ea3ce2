import type { Observation } from '@tidewaiter/domain';

/** Falco and the runtimes' tools cut the ids of containers to this. */
const shortIdChars = 12;

/** One container, whatever sensor tells of it: null for what runs on the host. */
export function containerKey({ cluster, container }: Pick<Observation, 'cluster' | 'container'>): string | null {
  const id = container?.id;
  return id ? `${cluster ?? ''}/${id.slice(0, shortIdChars)}` : null;
}
