import type { CiKind } from './ci-kind.js';

/** Any other issuer: its token says who sends, and nothing of the run that we could read. */
export const oidc: CiKind = { ci: 'oidc', outsiders: null, run: () => ({}) };
