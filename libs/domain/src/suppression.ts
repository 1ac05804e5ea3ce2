import type { Finding } from './finding.js';

/** Reason why a finding does not count, and its author. */
export interface Suppression {
  /**
   * `vex`: a VEX document states that the image is not affected. `ignore`: an ignore file.
   * `exception`: the platform's settings.
   */
  kind: 'vex' | 'ignore' | 'exception';
  /** File with the statement, and its line if any. */
  source: string;
  /** Author of the VEX document or owner of the exception; null if none is named. */
  author: string | null;
  /** Free text; null if none is given. */
  reason: string | null;
  /** VEX's own justification: `vulnerable_code_not_present`; null elsewhere. */
  justification: string | null;
  /** End, ISO 8601; null without an end. */
  until: string | null;
}

/** Finding that does not count. It is still reported. */
export type Suppressed<Of extends Finding = Finding> = Of & { by: Suppression };
