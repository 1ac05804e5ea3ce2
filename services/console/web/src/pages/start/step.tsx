import { useQuery } from '@tanstack/react-query';
import { type AccessRole, includesRole } from '@tidewaiter/domain';
import type { ReactNode } from 'react';

import { assignees, me } from '../../api/queries.js';
import { Stamp } from '../../parts/marks.js';

interface Props {
  number: number;
  title: string;
  state: 'done' | 'open' | 'waiting';
  children: ReactNode;
}

/** One step of the first run, with its state as a word. */
export function Step({ number, title, state, children }: Props) {
  return (
    <section className="section step" aria-labelledby={`step-${number}`}>
      <h2 id={`step-${number}`}>
        {number}. {title} {state === 'done' && <Stamp kind="good">done</Stamp>}
        {state === 'waiting' && <Stamp kind="waiting">waiting</Stamp>}
      </h2>
      {children}
    </section>
  );
}

/** Names the users who can do a step that needs a role. */
export function NeedsRole({ role, children }: { role: AccessRole; children: ReactNode }) {
  const { data: own } = useQuery(me);
  const { data: users } = useQuery(assignees());
  const able = users?.items.filter((user) => includesRole(user.role, role)).map(({ name }) => name) ?? [];
  return (
    <p className="notice">
      {children} This needs the role {role}; yours is {own?.role ?? 'unknown'}.{' '}
      {able.length > 0 ? `These users have it: ${able.join(', ')}.` : 'An administrator can give it to you.'}
    </p>
  );
}
