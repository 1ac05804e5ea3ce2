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

/** Length from which a label may carry data. */
const longLabel = 16;

/**
 * Zone in which a command looks a long name up: `t.evil.example` of
 * `dig 4d5a90000300000004.t.evil.example`.
 */
export function lookupZoneOf(commandLine: string | null): string | null {
  for (const word of commandLine?.split(/[\s=&"']+/) ?? []) {
    const labels = word.toLowerCase().split('.');
    const zone = labels.slice(labels.findLastIndex(({ length }) => length >= longLabel) + 1);
    if (zone.length >= 2 && zone.length < labels.length) return zone.join('.');
  }
  return null;
}
