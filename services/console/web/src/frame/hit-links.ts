import type { SearchHit } from '../api/types.js';

/** Path of the page that shows a search result. */
export function pathOfHit({ type, id, link }: Pick<SearchHit, 'type' | 'id' | 'link'>): string {
  switch (type) {
    case 'incident':
      return `/incidents/${id}`;
    case 'vulnerability':
      return `/vulnerabilities/${encodeURIComponent(id)}`;
    case 'image':
      return `/images/${id}`;
    case 'repository':
      return `/images/${link.slice(link.lastIndexOf('/') + 1)}`;
    case 'workload':
      return `/workloads?${new URLSearchParams(workloadFilter(id)).toString()}`;
    case 'package':
      return `/vulnerabilities?${new URLSearchParams({ by: 'purl', value: id }).toString()}`;
    case 'layer':
    case 'secret':
    case 'path':
      return `/vulnerabilities?${new URLSearchParams({ by: type, value: id }).toString()}`;
  }
}

/** `eu1/shop/Deployment/web`; the cluster is left out where there is one alone. */
function workloadFilter(id: string): Record<string, string> {
  const parts = id.split('/');
  const workload = parts.slice(-3).join('/');
  return parts.length > 3 ? { cluster: parts.slice(0, -3).join('/'), workload } : { workload };
}
