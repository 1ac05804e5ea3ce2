import type { Spool } from './spool.js';

/**
 * The spool of this process; null where no folder is configured. A class, so that it can be
 * injected.
 */
export class SpoolSetup {
  constructor(readonly spool: Spool | null) {}
}
