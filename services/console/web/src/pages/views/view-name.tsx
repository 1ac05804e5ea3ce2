import { Link, type LinkProps } from '@tanstack/react-router';

import type { View } from '../../api/types.js';
import { viewLink } from './view-link.js';

/** Name of a view, as a link where its list has a page. */
export function ViewName({ view }: { view: View }) {
  const link = viewLink(view);
  if (!link) return <span>{view.name}</span>;
  return (
    <Link to={link.to as LinkProps['to']} search={link.search as LinkProps['search']}>
      {view.name}
    </Link>
  );
}

/** `12`, `10,000 or more`. */
export function totalText({ total, problem }: Pick<View, 'total' | 'problem'>): string {
  if (problem !== null) return 'its query cannot be read';
  if (total === null) return '–';
  return `${total.count.toLocaleString('en')}${total.isAtLeast ? ' or more' : ''}`;
}
