/**
 * Kind of a calling program: a command line client of Kubernetes, an HTTP client or a library of
 * one, a library for Kubernetes, a tool of attackers, else a program with a name of its own.
 */
export type ClientKind = 'command' | 'http' | 'sdk' | 'attack' | 'program';

const clientKinds: readonly [ClientKind, RegExp][] = [
  ['command', /^(?:kubectl|oc|helm|k9s|lens)$/],
  [
    'http',
    /^(?:|curl|libcurl|wget|python.*|httpx|httpie|aiohttp|go-http-client|java|okhttp|apache-httpclient|mozilla|axios|node|node-fetch|undici|got|ruby|perl|libwww-perl|php|guzzlehttp|reqwest|hyper|postman.*|insomnia)$/,
  ],
  ['sdk', /^(?:openapi-generator|rest-client)$/],
  ['attack', /^(?:peirates|kubeletctl|kdigger|kube-?hunter|masscan|nmap)$/],
];

/** Program of a user agent without its version: `kubectl` of `kubectl/v1.31.0 (linux/amd64)`. */
export function clientOf(userAgent: string | null): string | null {
  const program = userAgent?.split(/[/\s(]/, 1)[0]?.toLowerCase();
  return program ? program.slice(0, 128) : null;
}

/** Kind of the program of a user agent; null without one. */
export function clientKindOf(userAgent: string | null): ClientKind | null {
  if (userAgent === null) return null;
  const client = clientOf(userAgent) ?? '';
  return clientKinds.find(([, names]) => names.test(client))?.[0] ?? 'program';
}
