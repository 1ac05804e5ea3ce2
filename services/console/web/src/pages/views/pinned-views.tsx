import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { pinnedViews } from '../../api/queries.js';
import { Section } from '../../parts/page.js';
import { totalText, ViewName } from './view-name.js';

/** Saved views that are pinned, each with its count; nothing where there is none. */
export function PinnedViews() {
  const { data } = useQuery(pinnedViews);
  if (!data || data.items.length === 0) return null;
  return (
    <Section title="Saved views">
      <ul className="pinned">
        {data.items.map((view) => (
          <li key={view.id}>
            <b>{totalText(view)}</b> <ViewName view={view} />{' '}
            <small className="quiet">
              {view.list}
              {!view.isOwn && ` by ${view.owner}`}
            </small>
          </li>
        ))}
      </ul>
      <Link to="/views">All saved views</Link>
    </Section>
  );
}
