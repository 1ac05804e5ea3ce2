import type { Digest } from '@tidewaiter/domain';

/** Aspect of an identity that is learned. */
export type HabitKind = 'source' | 'client' | 'namespace';

/**
 * Habits before a time, in milliseconds since 1970. Undefined while the subject was not observed
 * for long enough.
 */
export interface Habits {
  /** Whether containers of an image have talked to an address or a host. */
  hasTalkedTo(digest: Digest, destination: string, atMs: number): boolean | undefined;
  isUsual(kind: HabitKind, identity: string, value: string, atMs: number): boolean | undefined;
  /**
   * Whether the controller manager of a cluster has called from an address with its certificate;
   * undefined until it was watched for some minutes.
   */
  isControllerManager(cluster: string | null, address: string, atMs: number): boolean | undefined;
  /** Whether the audit log of an account of the cloud arrives here, which makes it a known one. */
  isAuditedAccount(account: string): boolean;
  /**
   * Whether an account has assumed a role with the secret that it asked for, as vendors do, and who
   * may assume the role was not changed within a learning period before.
   */
  isTrustedBy(role: string, account: string, atMs: number): boolean;
  /** Whether a cluster runs an image for the first time. */
  isFirstSeen(digest: Digest, cluster: string | null, atMs: number): boolean | undefined;
}
