import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import { lists } from '../api/queries.js';
import { Loaded } from '../parts/states.js';
import { useIsScoped } from './use-scope.js';

/** Shows a page once it is known which lists the scope limits. */
export function ScopeKnown({ children }: { children: ReactNode }) {
  const isScoped = useIsScoped();
  const read = useQuery({ ...lists, enabled: isScoped });
  return isScoped ? <Loaded read={read}>{() => children}</Loaded> : children;
}
