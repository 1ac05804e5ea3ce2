import type { AccessRole, AccessScope } from '@tidewaiter/domain';

/** Session of a caller. */
export interface CallerSession {
  id: string;
  /** End however much it is used. */
  expiresAt: Date;
}

/** User or service account that calls the API. */
export interface ApiCaller {
  kind: 'user' | 'service-account';
  /** Id of the user or token. */
  id: string;
  /** Name under which acts are recorded. */
  name: string;
  role: AccessRole;
  /** Parts of the fleet to which the caller is limited; null without limits. */
  scopes: AccessScope[] | null;
  /** Null for a call with a token in its header. */
  session: CallerSession | null;
}
