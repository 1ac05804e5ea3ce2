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
    // The API has them under the same path.
    case 'tag':
    case 'container':
      return link.slice('/api/v1'.length);
    case 'repository':
      return repositoryPath(id);
    case 'workload':
      return workloadPath(id);
    case 'package':
      return `/vulnerabilities?${new URLSearchParams({ by: 'purl', value: id }).toString()}`;
    case 'layer':
    case 'secret':
    case 'path':
    case 'file':
      return `/vulnerabilities?${new URLSearchParams({ by: type, value: id }).toString()}`;
  }
}

/** `main/shop/app`, with the connection before the name. */
function repositoryPath(id: string): string {
  const [connection = ''] = id.split('/', 1);
  return `/images/repository?${new URLSearchParams({ connection, name: id.slice(connection.length + 1) }).toString()}`;
}

/** `eu1/shop/Deployment/web`; the cluster is left out where it has no name. */
function workloadPath(id: string): string {
  const parts = id.split('/');
  const place = parts.slice(-3);
  const cluster = parts.slice(0, -3).join('/') || '-';
  // An object without a namespace has no page of its own.
  if (place.length < 3) return `/workloads?${new URLSearchParams({ q: `"${place.at(-1)!}"` }).toString()}`;
  return `/workloads/${[cluster, ...place].map(encodeURIComponent).join('/')}`;
}
