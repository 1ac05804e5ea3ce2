import type { Finding } from './finding.js';

/** Why a finding does not count, and on whose word. */
export interface Suppression {
  /** `vex`: somebody says that the image is not affected. `ignore`: an ignore file. `exception`: the platform's settings. */
  kind: 'vex' | 'ignore' | 'exception';
  /** The file that says so, with the line where it has lines. */
  source: string;
  /** Who vouches for it: the author of a VEX document, the owner of an exception; null where nobody is named. */
  author: string | null;
  /** In words; null where none are given. */
  reason: string | null;
  /** VEX's own word for it: `vulnerable_code_not_present`; null elsewhere. */
  justification: string | null;
  /** When it ends, ISO 8601; null where it does not. */
  until: string | null;
}

/** A finding that does not count. It is reported all the same. */
export type Suppressed<Of extends Finding = Finding> = Of & { by: Suppression };
