import { useQuery } from '@tanstack/react-query';
import { type AccessRole, includesRole } from '@tidewaiter/domain';

import { me } from '../api/queries.js';

export interface Me {
  /** Name under which acts are recorded; undefined until it is known. */
  name: string | undefined;
  role: AccessRole | undefined;
  /** Whether the account sees a part of the fleet alone; undefined until it is known. */
  isLimited: boolean | undefined;
  /** Whether the API lets the user do what needs a role. */
  may: (role: AccessRole) => boolean;
}

/** The user of this page. */
export function useMe(): Me {
  const { data } = useQuery(me);
  return {
    name: data?.name,
    role: data?.role ?? undefined,
    isLimited: data && data.scopes !== null,
    may: (role) => data !== undefined && includesRole(data.role, role),
  };
}
