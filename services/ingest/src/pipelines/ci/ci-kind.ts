import type { CiRun } from '@tidewaiter/domain';

import type { JsonObject } from '../../hook-request.js';

/** What the tokens of one CI say. Pure: somebody else has verified them. */
export interface CiKind {
  /** Also the word of `kind:` in the settings. */
  ci: 'github' | 'gitlab' | 'oidc';
  /** The claim that says what made the job run, and what strangers can make happen; refused unless the settings ask for the claim. */
  outsiders: { claim: string; values: readonly string[] } | null;
  /** The run, as far as the claims say. */
  run(claims: JsonObject, issuer: string): Partial<CiRun>;
}
