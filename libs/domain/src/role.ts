/**
 * Roles of users and service accounts, each including those before it. `gate` asks gates and
 * admission only; `viewer` reads; `responder` acknowledges, resolves, silences and retries;
 * `maintainer` changes exceptions, policies, routing and sources; `admin` manages access.
 */
export const roles = ['gate', 'viewer', 'responder', 'maintainer', 'admin'] as const;

export type AccessRole = (typeof roles)[number];

/** Whether a role may do what needs another. */
export function includesRole(role: AccessRole, needed: AccessRole): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}
