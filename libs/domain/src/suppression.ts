import type { Finding } from './finding.js';

/** Why a finding does not count, and who decided so. */
export interface Suppression {
  /**
   * `vex`: a VEX document states that the image is not affected. `ignore`: an ignore file.
   * `exception`: the platform's settings.
   */
  kind: 'vex' | 'ignore' | 'exception';
  /** The file with the statement, and the line where it has lines. */
  source: string;
  /** Author of the VEX document or owner of the exception; null where none is named. */
  author: string | null;
  /** Free text; null where none is given. */
  reason: string | null;
  /** VEX's own justification: `vulnerable_code_not_present`; null elsewhere. */
  justification: string | null;
  /** When it ends, ISO 8601; null where it does not. */
  until: string | null;
}

/** A finding that does not count. It is still reported. */
export type Suppressed<Of extends Finding = Finding> = Of & { by: Suppression };
