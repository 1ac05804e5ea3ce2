import { type AccessRole, type AccessScope, InvalidInput, limitableRoles } from '@tidewaiter/domain';

/** @throws InvalidInput `ROLE_NOT_LIMITABLE` */
export function checkLimits(role: AccessRole | null, scopes: AccessScope[] | null): void {
  if (scopes === null || role === null || limitableRoles.includes(role)) return;
  throw new InvalidInput('ROLE_NOT_LIMITABLE', `the role ${role} changes what holds for everybody, and has no limits`);
}
