import { listPages } from '@tidewaiter/domain';

import type { View } from '../../api/types.js';

/** Address of a view; undefined for a list that only the API and the command line show. */
export function viewLink({ list, q, sort }: Pick<View, 'list' | 'q' | 'sort'>) {
  const page = listPages[list];
  return page && { to: page.path, search: { ...page.search, ...(q !== '' && { q }), ...(sort !== null && { sort }) } };
}
