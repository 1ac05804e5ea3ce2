import { type ConsumerInfo, JetStreamApiError, type StreamInfo } from '@nats-io/jetstream';

/** Time without a word from a replica after which it counts as away; they beat every second. */
const quietMs = 4_000;

/**
 * Problem of a stream or consumer in a cluster; undefined if its leader answers and has a majority
 * of the replicas.
 */
export async function leaderProblem(
  name: string,
  ask: () => Promise<StreamInfo | ConsumerInfo>,
): Promise<string | undefined> {
  try {
    const { cluster } = await ask();
    // A server alone has no cluster.
    if (cluster === undefined) return undefined;
    if (!cluster.leader) return `${name} has no leader`;
    const replicas = cluster.replicas ?? [];
    const present = replicas.filter(({ offline, active }) => !offline && active < quietMs * 1e6).length;
    return present + 1 > (replicas.length + 1) / 2 ? undefined : `${name} has no majority of its replicas`;
  } catch (error) {
    if (!(error instanceof JetStreamApiError)) return `${name} does not answer`;
    return error.status === 404 ? `${name} is missing` : `${name} has no leader`;
  }
}
