import type { CiRun } from '@tidewaiter/domain';
import type { HookObject } from '@tidewaiter/webhooks';

/** Reads the claims of one CI's tokens. Pure: the caller has verified them. */
export interface CiKind {
  /** Also the value of `kind:` in the settings. */
  ci: 'github' | 'gitlab' | 'oidc';
  /**
   * The claim with the trigger of the job, and its values that outsiders can cause; refused unless
   * the settings constrain the claim.
   */
  outsiders: { claim: string; values: readonly string[] } | null;
  /** The run, as far as the claims describe it. */
  run(claims: HookObject, issuer: string): Partial<CiRun>;
}
