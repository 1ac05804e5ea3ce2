import type { View } from '../../api/types.js';

/** Pages of the lists that have one, with the search that shows all rows of a query. */
const pages: Partial<Record<View['list'], { path: string; search?: Record<string, string> }>> = {
  // The state is in the query of a view; without it the page would add its own.
  incidents: { path: '/incidents', search: { state: 'all' } },
  pushes: { path: '/images' },
  repositories: { path: '/images', search: { tab: 'repositories' } },
  vulnerabilities: { path: '/vulnerabilities' },
  fixes: { path: '/vulnerabilities', search: { tab: 'fixes' } },
  workloads: { path: '/workloads' },
  exceptions: { path: '/policies/exceptions' },
  policies: { path: '/policies/gates' },
  signers: { path: '/policies/signers' },
  registries: { path: '/system/registries' },
  reports: { path: '/policies/reports' },
  sensors: { path: '/system/sensors' },
};

/** Address of a view; undefined for a list that only the API and the command line show. */
export function viewLink({ list, q, sort }: Pick<View, 'list' | 'q' | 'sort'>) {
  const page = pages[list];
  return page && { to: page.path, search: { ...page.search, ...(q !== '' && { q }), ...(sort !== null && { sort }) } };
}
