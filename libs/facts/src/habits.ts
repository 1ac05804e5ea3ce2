import type { Digest } from '@tidewaiter/domain';

/** What about an identity may be usual. */
export const habitKinds = ['source', 'client', 'namespace'] as const;

export type HabitKind = (typeof habitKinds)[number];

/** What was usual up to now. Undefined: it was not watched for long enough to say. */
export interface Habits {
  /** Whether containers of an image have talked to an address or a host. */
  hasTalkedTo(digest: Digest, destination: string): boolean | undefined;
  isUsual(kind: HabitKind, identity: string, value: string): boolean | undefined;
  /** Whether an image ran for the first time when it was last seen to start in a cluster. */
  isFirstSeen(digest: Digest, cluster: string | null): boolean | undefined;
}
