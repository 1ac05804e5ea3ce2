// Not the whole public suffix list: those under which names are sold in numbers.
const secondLevels = new Set([
  'ac',
  'co',
  'com',
  'edu',
  'go',
  'gob',
  'gov',
  'gv',
  'mil',
  'ne',
  'net',
  'nom',
  'or',
  'org',
]);

/** A name as it compares: in lower case, without the final dot. */
export function readHostname(name: string | null): string | null {
  return name?.toLowerCase().replace(/\.$/, '') || null;
}

/**
 * The domain that somebody owns: `evil.example` of `a.b.evil.example`, three labels where the
 * second is one that is sold: `shop.co.uk`.
 */
export function parentDomainOf(hostname: string | null): string | null {
  if (hostname === null || /^[\d.]*$|:/.test(hostname)) return null;
  const labels = hostname.split('.');
  const [second = '', top = ''] = labels.slice(-2);
  const isSold = labels.length > 2 && top.length === 2 && secondLevels.has(second);
  return labels.length < 2 ? null : labels.slice(isSold ? -3 : -2).join('.');
}
