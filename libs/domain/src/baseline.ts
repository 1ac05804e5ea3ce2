import type { Digest } from './image.js';

/** Why a push is compared with another image. */
export const baselineReasons = ['same-tag', 'previous-version', 'previous-push', 'configured'] as const;

export type BaselineReason = (typeof baselineReasons)[number];

/** Image that a push is compared with. */
export interface Baseline {
  tag: string | null;
  digest: Digest;
  reason: BaselineReason;
  /** Version numbers in common with a previous version: `2.0` of `2.0.1` and `2.0.0`. */
  line: string | null;
}
