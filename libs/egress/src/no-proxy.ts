import ipaddr from 'ipaddr.js';

/**
 * Whether a URL bypasses the proxy by a list as in `NO_PROXY`: names with their subdomains
 * (`.example.com`: subdomains alone), addresses, ranges, each with or without a port; `*` for all.
 * Localhost and loopback always bypass it.
 * @see https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config
 */
export function bypassesProxy(url: URL, noProxy: readonly string[]): boolean {
  const host = url.hostname.replaceAll(/^\[|\]$/g, '').toLowerCase();
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const address = ipaddr.isValid(host) ? ipaddr.process(host) : undefined;
  if (host === 'localhost' || address?.range() === 'loopback') return true;
  return noProxy.some((entry) => covers(entry.trim().toLowerCase(), { host, port, address }));
}

interface Target {
  host: string;
  port: string;
  address: ipaddr.IPv4 | ipaddr.IPv6 | undefined;
}

function covers(entry: string, { host, port, address }: Target): boolean {
  if (entry === '*') return true;
  if (ipaddr.isValidCIDR(entry)) {
    const [range, bits] = ipaddr.parseCIDR(entry);
    return address?.kind() === range.kind() && address.match(range, bits);
  }
  const [, bracketed, bare, wantedPort] =
    /^(?:\[([0-9a-f:.]+)\]|([^:]*|(?=[0-9a-f:]*::)[0-9a-f:]+))(?::(\d{1,5}))?$/.exec(entry) ?? [];
  const name = bracketed ?? bare ?? '';
  if (name === '' || (wantedPort !== undefined && wantedPort !== port)) return false;
  if (ipaddr.isValid(name)) return address?.toString() === ipaddr.process(name).toString();
  const suffix = name.replace(/^\*?\./, '');
  return host.endsWith(`.${suffix}`) || (suffix === name && host === name);
}
