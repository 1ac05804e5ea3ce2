import type { AccessRole } from './role.js';

/** Dimensions of a scope. An empty list limits nothing. */
export const scopeDimensions = ['repositories', 'clusters', 'namespaces', 'owners'] as const;

export type ScopeDimension = (typeof scopeDimensions)[number];

/**
 * Part of the fleet, by patterns in which `*` matches any characters. What it holds fits one
 * pattern of each dimension that has any. A repository is named with or without its registry.
 */
export type AccessScope = Record<ScopeDimension, string[]>;

/** Roles that scopes may limit: the others change what holds for everybody. */
export const limitableRoles: readonly AccessRole[] = ['gate', 'viewer', 'responder'];

/**
 * Completes scopes, of which a caller sees what at least one holds; null if one holds everything.
 */
export function limitingScopes(scopes: readonly Partial<AccessScope>[]): AccessScope[] | null {
  const whole = scopes.map(({ repositories = [], clusters = [], namespaces = [], owners = [] }) => ({
    ...{ repositories, clusters, namespaces, owners },
  }));
  return whole.some(isUnlimited) ? null : whole;
}

function isUnlimited(scope: AccessScope): boolean {
  return scopeDimensions.every((dimension) => scope[dimension].length === 0);
}
