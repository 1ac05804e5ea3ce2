/** States of a cluster by its agent; `invited` has a join token that no agent has used. */
export type ClusterState = 'invited' | 'ok' | 'silent';

/** Time without a report after which an agent counts as silent; it reports four times a minute. */
const silentAfterMs = 60_000;

interface ClusterTimes {
  joinedAt: Date | string | null;
  heardAt: Date | string | null;
}

export function clusterState({ joinedAt, heardAt }: ClusterTimes, nowMs: number): ClusterState {
  if (joinedAt === null) return 'invited';
  return heardAt !== null && nowMs - new Date(heardAt).getTime() < silentAfterMs ? 'ok' : 'silent';
}
