/** URL of a server that may name several hosts, taken apart. */
interface ServerUrl {
  /** With its colon and slashes: `postgres://`. */
  scheme: string;
  /** As in the URL, without `@`. */
  credentials: string;
  hosts: string[];
  /** Path and query. */
  rest: string;
}

/**
 * One URL for each host of a URL: `nats://u:p@a:4222,b:4222` and `nats://a:4222,nats://b:4222` name
 * two.
 */
export function hostUrls(url: string): string[] {
  return url.split(/, ?(?=[a-z+]{2,20}:\/\/)/).flatMap((part) => {
    const { scheme, credentials, hosts, rest } = takeApart(part);
    return hosts.map((host) => `${scheme}${credentials === '' ? '' : `${credentials}@`}${host}${rest}`);
  });
}

/** A URL without its password, and the password. */
export function withoutPassword(url: string): { url: string; password: string } {
  const { scheme, credentials, hosts, rest } = takeApart(url);
  const colon = credentials.indexOf(':');
  if (colon === -1) return { url, password: '' };
  const user = credentials.slice(0, colon);
  return {
    url: `${scheme}${user === '' ? '' : `${user}@`}${hosts.join(',')}${rest}`,
    password: decodeURIComponent(credentials.slice(colon + 1)),
  };
}

/** The URL standard knows one host, so the part between `//` and the path is split here. */
function takeApart(url: string): ServerUrl {
  const start = url.indexOf('//') + 2;
  const end = start + url.slice(start).search(/[/?#]|$/);
  const authority = url.slice(start, end);
  const at = authority.lastIndexOf('@');
  return {
    scheme: url.slice(0, start),
    credentials: authority.slice(0, Math.max(at, 0)),
    hosts: authority.slice(at + 1).split(','),
    rest: url.slice(end),
  };
}
