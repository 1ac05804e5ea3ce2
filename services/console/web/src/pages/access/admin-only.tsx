import type { ReactNode } from 'react';

import { EmptyState, Skeleton } from '../../parts/states.js';
import { useMe } from '../../parts/use-me.js';

/** Contents for administrators; others learn why they see nothing. */
export function AdminOnly({ children }: { children: ReactNode }) {
  const { name, may } = useMe();
  if (name === undefined) return <Skeleton />;
  if (may('admin')) return children;
  return (
    <EmptyState title="Only administrators see this page">
      <p>
        You are {name}. An administrator can give you the role <code>admin</code>.
      </p>
    </EmptyState>
  );
}
