/**
 * Path of a page whose address was a fragment, as messages that were sent by earlier versions link
 * to it: `#incidents/ID`, `#images/DIGEST`, `#deliveries?receiver=team`. Null for other fragments.
 */
export function pathOfOldLink(hash: string): string | null {
  const [name = '', ...queries] = hash.replace(/^#/, '').split('?');
  const query = queries.length > 0 ? `?${queries.join('?')}` : '';
  const [page = '', ...rest] = name.split('/');
  const id = rest.join('/');
  switch (page) {
    case 'incidents':
      return id === '' ? '/incidents' : `/incidents/${id}`;
    case 'images':
      return id === '' ? '/images' : `/images/${id}`;
    case 'pushes':
      return id === '' ? '/images' : `/pushes/${id}`;
    case 'deliveries':
      return `/system/deliveries${query}`;
    case 'channels':
      return '/policies/channels';
    case 'dead-letters':
      return '/system/dead-letters';
    case 'messages':
      return `/policies/messages?kind=${encodeURIComponent(rest[0] ?? '')}&channel=${encodeURIComponent(rest[1] ?? '')}`;
    default:
      return null;
  }
}

/** Secret of a setup link: `#setup=…`. */
export function secretOfSetupLink(hash: string): string | null {
  return /^#setup=(.+)$/.exec(hash)?.[1] ?? null;
}
