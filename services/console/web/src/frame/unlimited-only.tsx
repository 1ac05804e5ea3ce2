import { Link, useRouterState } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import { EmptyState, Skeleton } from '../parts/states.js';
import { useMe } from '../parts/use-me.js';

/** Whether a page is about the whole platform, which the API refuses to limited accounts. */
export function isUnlimited(path: string): boolean {
  return /^\/(?:policies|system|start)(?:\/|$)/.test(path);
}

/** The page of the address; accounts with limits learn why they see nothing of some. */
export function UnlimitedOnly({ children }: { children: ReactNode }) {
  const { isLimited } = useMe();
  const path = useRouterState({ select: ({ matches }) => matches.at(-1)?.fullPath ?? '/' });
  if (!isUnlimited(path) || isLimited === false) return children;
  if (isLimited === undefined) return <Skeleton />;
  return (
    <EmptyState title="Your account is limited to a part of the fleet" isPage>
      <p>
        Policies and the state of the platform hold for everybody: only accounts without limits see them.{' '}
        <Link to="/">Back to Now</Link>
      </p>
    </EmptyState>
  );
}
